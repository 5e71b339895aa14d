"""Who runs the servers: PostgreSQL refuses to be root, so root lends it a system account."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from chain.errors import PermanentError

NAME = "tillboard"


@dataclass(frozen=True, slots=True)
class Account:
    """A user that processes are started as; ``switch`` is false where that is who we are."""

    uid: int
    gid: int
    switch: bool

    def own(self, path: Path) -> None:
        """Give ``path`` to this account where it is not ours to begin with."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Say whether this account may walk through every existing directory down to ``path``."""
        if not self.switch:
            return True
        return all(self._may_enter(parent) for parent in path.resolve().parents if parent.exists())

    def _may_enter(self, directory: Path) -> bool:
        status = directory.stat()
        if status.st_uid == self.uid:
            return bool(status.st_mode & 0o100)
        return bool(status.st_mode & 0o001)


def service_account() -> Account:
    """Return who runs the servers: oneself, or a system account where one is root.

    The account is made where it is missing. Raises PermanentError where that cannot be done.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), switch=False)
    for name in (NAME, "postgres"):
        if entry := _look_up(name):
            return entry
        if name == NAME and _create(NAME) and (entry := _look_up(NAME)):
            return entry
    raise PermanentError("runtime.no_account", name=NAME)


def _look_up(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid, switch=True) if entry.pw_uid else None


def _create(name: str) -> bool:
    commands = (
        ["useradd", "--system", "--no-create-home", "--user-group", "--shell", "/bin/false", name],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", name],  # Alpine's
    )
    for command in commands:
        if shutil.which(command[0]) is None:
            continue
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return True
    return False
