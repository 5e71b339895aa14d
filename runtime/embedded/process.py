"""Starting a server so that it outlives its starter, and finding it again."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

import psutil

from runtime.embedded.account import Account

LOG_LIMIT = 10 * 1024**2


class Identity(TypedDict, total=False):
    """The arguments of Popen that say who runs the child."""

    user: int
    group: int
    extra_groups: list[int]


def identity(account: Account) -> Identity:
    """Return the Popen arguments that make a child run as ``account``."""
    if not account.switch:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def environment() -> dict[str, str]:
    """Return a server's environment: nothing of ours that could change how it works."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def spawn(
    command: Sequence[str | Path],
    account: Account,
    log: Path,
    *,
    stdin: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> "subprocess.Popen[bytes]":
    """Start ``command`` in a session of its own, so that a Ctrl-C meant for us does not reach it.

    ``stdin`` is handed over whole; output is appended to ``log``, started anew when it is large.
    """
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".old"))
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
        process = subprocess.Popen(
            [os.fspath(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd="/",
            env=environment() | dict(extra or {}),
            start_new_session=True,
            **identity(account),
        )
    with contextlib.suppress(BrokenPipeError), process.stdin or contextlib.nullcontext() as pipe:
        if pipe is not None:
            pipe.write(stdin)
    return process


def living(directory: Path, program: str) -> Iterator[psutil.Process]:
    """Yield the processes of ``program`` at work in ``directory``, oldest first.

    Servers change into their data directory; a pid file may name a process of somebody else.
    """
    place = directory.resolve()
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() != program or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if Path(process.cwd()) == place:
                found.append(process)
    yield from sorted(found, key=lambda process: (process.create_time(), process.pid))


def wait_until(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> bool:
    """Poll ``condition`` until it holds; return whether it did within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True


def end(directory: Path, program: str, gently: signal.Signals, seconds: float) -> None:
    """Stop ``program`` in ``directory``: its eldest by ``gently``, what stays by SIGKILL."""
    eldest = next(living(directory, program), None)
    if eldest is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        eldest.send_signal(gently)
    if not wait_until(lambda: next(living(directory, program), None) is None, seconds, 0.05):
        for process in living(directory, program):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    with contextlib.suppress(ChildProcessError):
        os.waitpid(eldest.pid, os.WNOHANG)  # it may have been our own child


def reason(output: bytes) -> str:
    """Return the line that says what went wrong; PostgreSQL's programs go on after it."""
    lines = output.decode(errors="replace").strip().splitlines()
    wrong = [line for line in lines if any(word in line for word in ("FATAL:", "error:"))]
    return next(iter([*wrong, *lines[-1:]]), "")


def tail(log: Path, lines: int = 5) -> str:
    """Return the last lines of ``log``, joined for a sentence; '' where there is none."""
    if not log.exists():
        return ""
    return " / ".join(log.read_text(errors="replace").splitlines()[-lines:])
