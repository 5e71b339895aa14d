"""``tillboard run`` from outside: what a person at a terminal is promised, whatever is killed."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from chain.settings import Settings
from runtime.embedded import Place
from runtime.embedded.process import living, wait_until
from runtime.supervisor import answers

ROOT = Path(__file__).parents[2]
PATIENCE = 150.0
SERVERS = (("postgres", "postgres"), ("valkey", "valkey-server"))
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass
class Run:
    """One ``tillboard run`` and what it has printed."""

    data: Path
    port: int
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    seconds: float = field(default=0.0)

    @property
    def environment(self) -> dict[str, str]:
        named = {"TILLBOARD_DATA": str(self.data), "TILLBOARD_PORT": str(self.port)}
        kept = {name: value for name, value in os.environ.items() if "TILLBOARD" not in name}
        return {**kept, **named, "TILLBOARD_DEMO": "false", "TILLBOARD_WEB_WORKERS": "1"}

    def start(self) -> None:
        """Start it and wait until it says that the board is ready."""
        began = time.monotonic()
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runtime", "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        assert wait_until(lambda: "Ctrl-C" in self.said() or not self.up(), PATIENCE, 0.1)
        assert self.up(), self.said()
        self.seconds = time.monotonic() - began

    def up(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def said(self) -> str:
        return self.log.read_text()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(90)

    def board(self) -> bool:
        return answers(Settings(host="127.0.0.1", port=self.port))

    def child(self, part: str) -> list[psutil.Process]:
        """Return the processes of this run whose command line holds ``part``."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("TILLBOARD_DATA") == str(self.data)
                if mine and part in " ".join(process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return sorted(found, key=lambda process: process.create_time())

    def left(self) -> list[str]:
        """Return whatever of it is still there."""
        home = Place(self.data).home
        servers = [
            *living(home / "postgres", "postgres"),
            *living(home / "valkey", "valkey-server"),
        ]
        return [str(process) for process in (*self.child("-m"), *servers)]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run in a path with a space and Chinese characters; the tests share it, in order."""
    place = tmp_path_factory.mktemp("a 门店")
    run = Run(place / "data", free_port(), place / "log")
    run.start()
    yield run
    run.stop()
    assert wait_until(lambda: not run.left(), 10)


def test_the_first_start_prints_address_and_log_in(running: Run) -> None:
    assert running.board()
    assert f"http://localhost:{running.port}" in running.said()
    assert re.search(r"with the password \S{16}", running.said())


def test_a_second_run_of_the_same_data_is_refused_with_the_address(running: Run) -> None:
    other = {**running.environment, "TILLBOARD_PORT": str(free_port())}
    done = subprocess.run(
        [sys.executable, "-m", "runtime", "run"],
        cwd=ROOT,
        env=other,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"open http://localhost:{running.port}" in done.stderr.decode()


def test_a_port_in_use_is_one_sentence_that_names_a_free_one(running: Run, tmp_path: Path) -> None:
    other = {**running.environment, "TILLBOARD_DATA": str(tmp_path / "other")}
    done = subprocess.run(
        [sys.executable, "-m", "runtime", "run"],
        cwd=ROOT,
        env=other,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    sentence = done.stderr.decode()
    assert re.search(
        rf"Port {running.port} of .* is in use .*TILLBOARD_PORT=\d+ make run", sentence
    )
    assert "Traceback" not in sentence


@pytest.mark.parametrize(
    "part", ["gunicorn", "celery --app=workers.app:app --quiet worker", "beat"]
)
def test_a_killed_child_is_started_again_and_that_is_said(running: Run, part: str) -> None:
    assert wait_until(lambda: bool(running.child(part)), PATIENCE, 0.2)
    victim = running.child(part)[0]
    before = running.said().count("ended unexpectedly (-9)")
    victim.kill()
    assert wait_until(
        lambda: (
            running.said().count("ended unexpectedly (-9)") > before
            and any(process.pid != victim.pid for process in running.child(part))
        ),
        PATIENCE,
        0.2,
    )
    assert wait_until(running.board, PATIENCE, 0.5)


@pytest.mark.parametrize(
    ("name", "program"), [("postgres", "postgres"), ("valkey", "valkey-server")]
)
def test_a_killed_server_is_started_again(running: Run, name: str, program: str) -> None:
    directory = Place(running.data).home / name
    victim = next(living(directory, program))
    victim.kill()
    assert wait_until(
        lambda: any(each.pid != victim.pid for each in living(directory, program)), PATIENCE, 0.2
    )
    assert wait_until(running.board, PATIENCE, 0.5)
    assert running.up()


def test_stopping_leaves_nothing_and_the_next_start_keeps_the_data(running: Run) -> None:
    running.stop(signal.SIGINT)
    assert running.process is not None
    assert running.process.returncode == 0
    assert "All stopped." in running.said()
    assert running.left() == []
    running.start()
    assert "with the password shown at the first start" in running.said()


def test_a_killed_supervisor_takes_its_children_along_and_the_next_start_goes_on(
    running: Run,
) -> None:
    running.stop(signal.SIGKILL)
    assert wait_until(lambda: not running.child("-m"), 60, 0.2)
    running.start()
    assert running.board()
