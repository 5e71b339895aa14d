"""``tillboard run`` from outside: what a person at a terminal is promised, whatever is killed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from chain.settings import Settings
from runtime.embedded import Place, Valkey
from runtime.embedded.process import living, wait_until
from runtime.people import OWNER_EMAIL
from runtime.supervisor import answers
from tests.conftest import Database

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "contract" / "samples"
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
    given: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        named = {"TILLBOARD_DATA": str(self.data), "TILLBOARD_PORT": str(self.port)}
        kept = {name: value for name, value in os.environ.items() if "TILLBOARD" not in name}
        fast = {"TILLBOARD_DEMO": "false", "TILLBOARD_WEB_WORKERS": "1"}
        return {**kept, **named, **fast, **self.given}

    def start(self) -> None:
        """Start it and wait until it says that the board is ready."""
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

    def command(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Return what ``tillboard`` said to ``arguments`` beside this run."""
        return subprocess.run(
            [sys.executable, "-m", "runtime", *map(str, arguments)],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            text: bytes = answer.read()
            return text.decode()

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
    shutil.rmtree(Place(run.data).home)


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


def logged(text: str, request_id: str) -> list[dict[str, Any]]:
    """Return the lines of a JSON log that bear an id."""
    lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
    return [line for line in lines if line.get("request_id") == request_id]


def test_one_id_leads_from_an_upload_to_its_merge(running: Run) -> None:
    (password,) = set(re.findall(r"with the password (\S+)", running.said()))
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    here, here_only = f"http://127.0.0.1:{running.port}", {"Sec-Fetch-Site": "same-origin"}
    form = urllib.parse.urlencode({"email": OWNER_EMAIL, "password": password, "next": "/"})
    opener.open(urllib.request.Request(f"{here}/login", form.encode(), here_only)).close()
    bill = SAMPLES / "alipay_merchant_detail.csv"
    named = here_only | {"X-File-Name": bill.name}
    with opener.open(urllib.request.Request(f"{here}/upload", bill.read_bytes(), named)) as answer:
        number = answer.headers["X-Request-Id"]
        (batch,) = json.load(answer)["batches"]
    wanted = {"received", "import_done", "job_ended"}
    assert wait_until(
        lambda: {line["event"] for line in logged(running.said(), number)} >= wanted, PATIENCE, 0.2
    )
    lines = {line["event"]: line for line in logged(running.said(), number)}
    assert {lines[event]["batch_id"] for event in wanted} == {batch}
    assert lines["job_ended"]["end"] == "done"


def test_what_is_imported_is_counted_whoever_imports_it(running: Run) -> None:
    done = running.command("import", "--json", SAMPLES / "paypal_activity.csv")
    assert done.returncode == 0, done.stderr
    assert logged(done.stderr, json.loads(done.stdout)["request_id"])
    counted = running.metrics()
    for line in (
        'tillboard_rows_total{fate="accepted",source="alipay_merchant"} 5.0',
        'tillboard_rows_total{fate="accepted",source="paypal"} 8.0',
        'tillboard_rows_total{fate="skipped",source="paypal"} 4.0',
        'tillboard_batches_total{state="done"} 2.0',
        'tillboard_queue_length{queue="tillboard"}',
        'tillboard_job_seconds_count{end="done",job="workers.import_batch"} 1.0',
    ):
        assert line in counted, line


def test_status_and_ping_say_that_all_is_up(running: Run) -> None:
    done = running.command("status", "--json")
    about = json.loads(done.stdout)
    assert done.returncode == 0
    assert [about[part]["up"] for part in ("board", "database", "queue")] == [True] * 3
    assert about["database"]["chains"][0]["batches"] == {"done": 2}
    assert Path(about["servers"]).is_dir()
    assert str(about["servers"]) in running.said()
    assert running.command("ping").returncode == 0


def test_no_secret_is_in_any_log(running: Run) -> None:
    place = Place(running.data)
    secrets = [*place.passwords.values()]
    secrets += json.loads((running.data / "keys.json").read_text()).values()
    logs = [running.log, *place.home.glob("*.log")]
    assert len(logs) == 3
    found = [log.name for log in logs for secret in secrets if secret in log.read_text()]
    assert found == []
    seen = " ".join(" ".join(process.cmdline()) for process in running.child(""))
    assert seen
    assert not any(secret in seen for secret in secrets)


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


def test_servers_that_are_configured_are_used_and_none_is_started(
    database: Database, valkey: Valkey, tmp_path: Path
) -> None:
    given = {
        "TILLBOARD_DATABASE_URL": database.app,
        "TILLBOARD_BROKER_URL": valkey.broker_url,
    }
    run = Run(tmp_path / "data", free_port(), tmp_path / "log", given=given)
    run.start()
    try:
        assert run.board()
        about = json.loads(run.command("status", "--json").stdout)
        assert [about[part]["embedded"] for part in ("database", "queue")] == [False, False]
        assert [about[part]["up"] for part in ("database", "queue")] == [True, True]
        made = {path.name for path in run.data.iterdir()}
        assert not made & {"servers", "installation"}
        assert not [
            process for process in run.child("") if process.name() in dict(SERVERS).values()
        ]
    finally:
        run.stop()
    assert database.server.running()
    assert valkey.running()


def test_configured_servers_without_tables_need_the_owner(valkey: Valkey, tmp_path: Path) -> None:
    given = {
        "TILLBOARD_DATABASE_URL": "postgresql://tillboard_app:hidden@127.0.0.1:1/tillboard",
        "TILLBOARD_BROKER_URL": valkey.broker_url,
    }
    run = Run(tmp_path / "data", free_port(), tmp_path / "log", given=given)
    done = run.command("run")
    assert done.returncode == 1
    (sentence,) = done.stderr.strip().splitlines()
    assert "TILLBOARD_DATABASE_URL" in sentence
