"""The processes that serve: started, watched, started again, and stopped in order."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

PR_SET_PDEATHSIG = 1
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
SETTLED = 60.0
"""Seconds of life after which a child's next death counts as its first."""


@dataclass
class Child:
    """One process of ours: ``command`` are arguments of ``tillboard``.

    ``seconds`` it may take to stop; ``once`` for one that ends by itself when it is done.
    """

    name: str
    command: Sequence[str]
    seconds: float = 10.0
    once: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    deaths: int = 0
    started: float = 0.0
    due: float = 0.0
    done: bool = False

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the process, in a session of its own so that Ctrl-C reaches us alone."""
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runtime", *self.command, "--parent", str(os.getpid())],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def ask(self, how: signal.Signals) -> None:
        """Send a signal to the process alone, which passes it on to its own children."""
        if self.alive and self.process is not None:
            self.process.send_signal(how)

    def finish(self) -> None:
        """Wait for the end; then end whatever the process left behind."""
        if self.process is None:
            return
        try:
            self.process.wait(self.seconds)
        except subprocess.TimeoutExpired:
            self.ask(signal.SIGQUIT)  # Celery gives unfinished jobs back, gunicorn drops requests
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Children:
    """All children. ``died`` is told name, exit code and the pause before the next start."""

    environment: Mapping[str, str]
    died: Callable[[str, int, float], None]
    children: list[Child] = field(default_factory=list)

    def add(self, child: Child) -> None:
        """Start a child and watch it from now on."""
        self.children.append(child)
        child.start(self.environment)

    def watch(self) -> None:
        """Look after all children once: start again what died, after a pause that doubles."""
        now = time.monotonic()
        for child in self.children:
            if child.alive or child.done:
                continue
            if child.due == 0:
                self._note_death(child, now)
            elif now >= child.due:
                child.due = 0
                child.start(self.environment)

    def _note_death(self, child: Child, now: float) -> None:
        process = child.process
        code = 0 if process is None else process.wait()
        if child.once and code == 0:
            child.done = True
            return
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its orphans would hold port or jobs
        child.deaths = 1 if now - child.started > SETTLED else child.deaths + 1
        pause = min(FIRST_PAUSE * 2 ** (child.deaths - 1), LONGEST_PAUSE)
        child.due = now + pause
        self.died(child.name, code, pause)

    def stop(self) -> None:
        """Stop all children, the last started first; none is left when this returns."""
        for child in reversed(self.children):
            child.ask(signal.SIGTERM)
        for child in reversed(self.children):
            child.finish()


def follow(parent: int | None) -> None:
    """Make this process end when ``parent`` does, however that ends (where Linux can do that)."""
    if parent is None or sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)
