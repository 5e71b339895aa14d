"""A real HTTP server in the test that stands for a platform's group: it keeps what it is sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from reports.robots import Platform, Robot

SECRET = "0123456789abcdef-secret-of-the-group"
_QUERY = {"wecom": f"?key={SECRET}", "dingtalk": f"?access_token={SECRET}", "feishu": ""}
_PATH = {
    "wecom": "/cgi-bin/webhook/send",
    "dingtalk": "/robot/send",
    "feishu": f"/open-apis/bot/v2/hook/{SECRET}",
}


@dataclass
class Group:
    """What came, as (path, body), and how it answers: status and JSON."""

    port: int = 0
    asked: list[tuple[str, Any]] = field(default_factory=list)
    answer: tuple[int, object] = (200, {"errcode": 0, "code": 0})

    @property
    def origins(self) -> tuple[str, ...]:
        """The origin that is to be allowed, since it is none of a platform."""
        return (f"http://127.0.0.1:{self.port}",)


def robot(there: Group, platform: Platform) -> Robot:
    """Return the robot of ``platform`` in this group."""
    address = f"http://127.0.0.1:{there.port}{_PATH[platform]}{_QUERY[platform]}"
    return Robot(platform, address, seconds=5.0)


@contextmanager
def group() -> Iterator[Group]:
    """Open the server for the block."""
    there = Group()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there.asked.append((self.path, json.loads(body)))
            status, said = there.answer
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"http://127.0.0.1:{there.port}/elsewhere")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    there.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
