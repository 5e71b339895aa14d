"""The ``tillboard`` command: each command reads its settings, does one thing, says how it went."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from chain.errors import PermanentError, TillboardError
from chain.settings import Settings, get_settings
from chain.words import Param, say
from runtime.children import follow

if TYPE_CHECKING:  # loaded only by the commands that need them
    from runtime.installation import Installation
    from warehouse.session import Warehouse

app = typer.Typer(
    name="tillboard",
    help="Every till of every store on one board.",
    epilog="Settings come from the environment: TILLBOARD_DATA, TILLBOARD_PORT and others, "
    "each explained by “tillboard settings”.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
chains = typer.Typer(help="Take a whole chain along, or take one in.", no_args_is_help=True)
app.add_typer(chains, name="chain")
console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

Parent = Annotated[int | None, typer.Option("--parent", hidden=True)]
Chain = Annotated[
    int | None, typer.Option("--chain", help="Number of the chain, where there are several.")
]


def main() -> None:
    """Run the command line; a failure is one sentence and exit code 1."""
    try:
        app()
    except TillboardError as error:
        errors.print(error.say(_language()), style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except ValidationError as error:
        for problem in error.errors():
            name = "TILLBOARD_" + "_".join(map(str, problem["loc"])).upper()
            said = problem["msg"].removeprefix("Value error, ")
            errors.print(f"{name}: {said}", style="red", markup=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        why = error.strerror or str(error)
        failed = PermanentError("runtime.file_failed", path=str(error.filename), why=why)
        errors.print(failed.say(_language()), style="red", markup=False, soft_wrap=True)
        sys.exit(1)


@app.command()
def run(
    demo: Annotated[
        bool | None, typer.Option(help="Load the demo chain at the first start, or do not.")
    ] = None,
) -> None:
    """Start everything on this machine and serve the board until Ctrl-C.

    Starts its own PostgreSQL and Valkey unless TILLBOARD_DATABASE_URL and TILLBOARD_BROKER_URL
    name others, brings the tables up to date, and prints where the board is and how to log in.
    """
    from runtime.supervisor import Supervisor

    settings = get_settings()
    if demo is not None:
        settings = settings.model_copy(update={"demo": demo})
    Supervisor(settings, lambda line: console.print(line, markup=False, soft_wrap=True)).run()


@app.command()
def worker(parent: Parent = None) -> None:
    """Do the jobs that wait in the queue: imports and housekeeping."""
    follow(parent)
    _become_celery(
        "worker", "--without-gossip", "--without-mingle", "-O", "fair", "--loglevel", "INFO"
    )


@app.command()
def beat(parent: Parent = None) -> None:
    """Put jobs into the queue when they are due. Run exactly one."""
    follow(parent)
    data = get_settings().data
    _become_celery(
        "beat", "--schedule", str(data / "beat-schedule"), "--pidfile=", "--loglevel", "INFO"
    )


@app.command()
def web(parent: Parent = None) -> None:
    """Serve the board."""
    follow(parent)
    settings = get_settings()
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    _become(
        "gunicorn",
        f"--bind={host}:{settings.port}",
        f"--workers={settings.web_workers}",
        f"--threads={settings.web_threads}",
        "--config=python:runtime.gunicorn_config",
        f"--log-level={'warning' if sys.stderr.isatty() else 'info'}",
        "dashboard.wsgi:app",
    )


@app.command()
def migrate() -> None:
    """Make roles and database where they are missing, and bring the tables up to date.

    The first only where TILLBOARD_SUPERUSER_DATABASE_URL is set. A database that holds a chain is
    backed up before its tables change; without a backup they do not.
    """
    from runtime.installation import bring_up_to_date

    installation = _installation()
    with _embedded(installation):
        settings = installation.complete()
        _admin_url(settings)
        bring_up_to_date(settings, lambda path: _said("backed_up", path=str(path)))
    _said("migrated")


@app.command("import")
def import_(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files, folders or zips of bills.")
    ],
    chain: Chain = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read only; nothing is stored, no server is needed.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a file instead of a table.")
    ] = False,
) -> None:
    """Bring bills in: whatever platform they are from, as they were downloaded.

    The same file again changes nothing, and files may overlap.
    """
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise PermanentError("runtime.no_such_path", path=str(missing[0]))
    if dry_run:
        from runtime import importing

        good = importing.read_only(paths, console, _language(), as_json=json)
    else:
        with _warehouse() as (warehouse, settings):
            from runtime import importing

            good = importing.import_paths(paths, warehouse, settings, chain, console, as_json=json)
    if not good:
        raise typer.Exit(1)


@app.command()
def stores(
    source: Annotated[
        Path, typer.Argument(help="A CSV or XLSX with the columns code, name, city, …")
    ],
    chain: Chain = None,
) -> None:
    """Add stores from a list, or bring those of the same code up to date.

    A platform's store id that is a store's own code binds to it by itself.
    """
    from runtime.people import the_chain
    from runtime.stores import add_stores

    if not source.is_file():
        raise PermanentError("runtime.no_such_path", path=str(source))
    with _warehouse() as (warehouse, _settings):
        count = add_stores(warehouse, the_chain(warehouse, chain), source)
    _said("stores", count=count)


@app.command()
def demo(parent: Parent = None) -> None:
    """Load the demo chain: 48 tea stores, 25 months, about 2 million payments."""
    follow(parent)
    with _warehouse() as (warehouse, settings):
        from runtime import importing

        importing.load_the_demo(warehouse, settings, console)


@app.command()
def forecast(
    chain: Chain = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="By the fast models alone, within seconds.")
    ] = False,
) -> None:
    """Forecast every store now. Otherwise it is done each night."""
    from runtime import forecast as forecasting

    with _warehouse() as (warehouse, settings):
        forecasting.forecast(warehouse, settings, chain, console, quick=quick)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The file to write; its folder must exist.")],
) -> None:
    """Write the whole warehouse into one file."""
    from runtime.backup import backup as write

    installation = _installation()
    installation.require_running()
    url = installation.complete().backup_database_url
    if url is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_BACKUP_DATABASE_URL")
    size = write(url, target)
    console.print(f"{target}: {size / 1e6:.1f} MB", markup=False, soft_wrap=True)


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="A file that “tillboard backup” wrote.")],
) -> None:
    """Read a backup into an empty database.

    With the embedded server: set TILLBOARD_DATA to a new directory, and restore before the first
    start.
    """
    from runtime.backup import restore as read

    if not source.is_file():
        raise PermanentError("runtime.no_such_path", path=str(source))
    installation = _installation()
    with _embedded(installation):
        read(_admin_url(installation.complete()), source)
    _said("restored")


@app.command("new-chain")
def new_chain(
    name: Annotated[str, typer.Argument(help="The name of the business.")],
    email: Annotated[str, typer.Argument(help="The owner's address, to log in with.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "CNY",
    country: Annotated[str, typer.Option(help="ISO 3166 code.")] = "CN",
    time_zone: Annotated[str, typer.Option(help="IANA name.")] = "Asia/Shanghai",
) -> None:
    """Make a chain and its owner's account, and print the password."""
    from runtime.people import create_owner
    from warehouse.chains import NewChain, create_chain

    with _warehouse() as (warehouse, settings):
        new = NewChain(name, currency, country, time_zone, settings.language, guided=True)
        number = create_chain(warehouse, new)
        secret = create_owner(warehouse, number, email, settings.language)
        console.print(f"{number}  {name}  {email}  {secret or ''}", markup=False)


@app.command()
def forget(
    email: Annotated[str, typer.Argument(help="Whose account and data to delete.")],
    sure: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Delete a person: account, log-ins, invitations, digests, their address in the audit log.

    What they did stays written down under a number that leads to nobody.
    """
    from warehouse.retention import forget as delete

    if not sure:
        typer.confirm(say(_language(), "privacy.sure", email=email), abort=True)
    with _warehouse() as (warehouse, _settings):
        delete(warehouse, email)
    _said("forgotten", email=email)


@chains.command("export")
def chain_export(
    target: Annotated[Path, typer.Argument(help="The zip to write; its folder must exist.")],
    chain: Chain = None,
) -> None:
    """Write all there is of a chain into one archive: a CSV a table, people, counts and sums."""
    from reports.bundle import whole
    from runtime.people import the_chain
    from warehouse.session import Scope
    from warehouse.wholechain import archive

    with _warehouse() as (warehouse, _settings):
        scope = Scope(the_chain(warehouse, chain))
        with whole(target) as made:
            size = archive.write(warehouse, scope, made)
    console.print(f"{target}: {size / 1e6:.1f} MB", markup=False, soft_wrap=True)


@chains.command("import")
def chain_import(
    source: Annotated[Path, typer.Argument(help="The zip that an export of a chain made.")],
) -> None:
    """Make the chain of an archive here, beside those that are there. All of it or nothing."""
    from warehouse.session import Warehouse
    from warehouse.wholechain import archive

    if not source.is_file():
        raise PermanentError("runtime.no_such_path", path=str(source))
    installation = _installation()
    installation.require_running()
    owner = Warehouse(_admin_url(installation.complete()))
    try:
        taken = archive.read(owner, source)
    finally:
        owner.close()
    _said("taken", chain=taken.chain_id, name=taken.name, count=taken.rows)
    for email in taken.new_people:
        _said("no_password", email=email)


@app.command()
def ping() -> None:
    """Ask the worker of this host whether it is alive. Exit code 1 if it is not."""
    _become_celery("inspect", "ping", "--destination", f"celery@{socket.gethostname()}")


@app.command("reset-password")
def reset_password(
    email: Annotated[str, typer.Argument(help="Whose password to replace.")] = "",
    without_second: Annotated[
        bool,
        typer.Option(
            "--without-second-factor", help="Also ask for no code at log-in; the phone is lost."
        ),
    ] = False,
) -> None:
    """Make a new password for a person, unlock the account and end its sessions.

    Without an address: for the first person there is, who is the owner.
    """
    from runtime.people import OWNER_EMAIL, emails
    from runtime.people import reset_password as reset

    with _warehouse() as (warehouse, _settings):
        who = email or next(iter(emails(warehouse)), OWNER_EMAIL)
        secret = reset(warehouse, who, without_second=without_second)
        console.print(f"{who}  {secret}", markup=False)


@app.command()
def status(
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show what runs, where, and what is in the warehouse. Exit code 1 if something is down."""
    from runtime.status import show

    if not show(_installation(), console, as_json=json):
        raise typer.Exit(1)


@app.command()
def settings() -> None:
    """Show every setting: its variable, default and meaning."""
    table = Table("variable", "default", "meaning", box=None, pad_edge=False)
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        table.add_row(f"TILLBOARD_{name.upper()}", default, field.description or "")
    console.print(table)


def _installation() -> "Installation":
    from runtime.installation import Installation

    return Installation(get_settings())


def _said(key: str, **params: Param) -> None:
    console.print(say(_language(), f"runtime.said.{key}", **params), markup=False, soft_wrap=True)


def _language() -> str:
    try:
        return get_settings().language
    except ValidationError:
        return "en"


@contextmanager
def _embedded(installation: "Installation") -> Iterator[None]:
    """Have the embedded servers run for a while; those that ran before go on running."""
    idle = [server for server in installation.embedded if not server.running()]
    try:
        installation.start()
        yield
    finally:
        for server in reversed(idle):
            server.stop()


@contextmanager
def _warehouse() -> Iterator[tuple["Warehouse", Settings]]:
    installation = _installation()
    if (shared := installation.settings.metrics_dir).is_dir():
        # Before prometheus_client is imported: what is imported here counts on /metrics too.
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(shared))
    from warehouse.session import Warehouse
    from warehouse.telemetry import configure_logs

    # Beside a progress bar only what went wrong is said; what went well stands in the table.
    level = "WARNING" if errors.is_terminal else installation.settings.log_level
    configure_logs(installation.settings.log_format, level)
    installation.require_running()
    settings = installation.complete()
    if settings.database_url is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_DATABASE_URL")
    warehouse = Warehouse(settings.database_url)
    try:
        warehouse.check()
        yield warehouse, settings
    finally:
        warehouse.close()


def _admin_url(settings: Settings) -> str:
    if settings.admin_database_url is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_ADMIN_DATABASE_URL")
    return settings.admin_database_url


def _become_celery(*arguments: str) -> NoReturn:
    _become("celery", "--app=workers.app:app", "--quiet", *arguments)


def _become(module: str, *arguments: str) -> NoReturn:
    """Replace this process by ``python -m module``, so that signals reach it and nothing between.

    The children get the installation's addresses and keys by their environment.
    """
    environment = _installation().environment()
    Path(environment["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    os.execve(  # noqa: S606 -- no shell is meant
        sys.executable, [sys.executable, "-m", module, *arguments], environment
    )
