"""Peak memory of a process and the database backends that work for it."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self


def proportional(pid: int) -> int:
    """Return the bytes of the process, pages shared with others counted in parts (PSS)."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


class Peak:
    """Samples the sum over ``pids()`` four times a second until the context ends."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self.bytes = 0
        self._pids = pids
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            self.bytes = max(self.bytes, sum(map(proportional, self._pids())))
