"""``tillboard import`` and ``tillboard demo``: bills in, with a bar that shows how far it is."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from chain.errors import PermanentError
from chain.settings import Settings
from chain.words import say
from etl.importer import Importer
from etl.preview import preview
from etl.reading import leaves
from runtime.demo_load import load_demo
from runtime.demo_state import demo_state, prepare_demo
from runtime.people import the_chain
from warehouse.session import Scope, Warehouse

GOOD = ("done",)
FATES = ("accepted", "skipped", "rejected")
Row = dict[str, Any]


def import_paths(
    paths: Sequence[Path],
    warehouse: Warehouse,
    settings: Settings,
    chain: int | None,
    console: Console,
    *,
    as_json: bool,
) -> bool:
    """Import ``paths`` and print what became of each file; return whether all went well."""
    scope = Scope(the_chain(warehouse, chain))
    if settings.payer_key is None:
        raise PermanentError("runtime.not_configured", name="TILLBOARD_PAYER_KEY")
    with _bar(console, hidden=as_json) as progress:
        importer = Importer(
            warehouse,
            scope,
            settings.payer_key,
            large_bytes=settings.split_import_bytes,
            progress=progress,
        )
        request = uuid.uuid4().hex
        found = [batch for path in paths for batch in _imported(importer, path, request)]
    return _print(found, console, settings.language, as_json=as_json)


def _imported(importer: Importer, path: Path, request: str) -> Iterator[Row]:
    try:
        yield from importer.import_path(path, request_id=request)
    except PermanentError as error:  # a zip that is no good as a whole has no batch of its own
        yield {"file_name": path.name, "state": "failed", **_error(error)}


def read_only(paths: Sequence[Path], console: Console, lang: str, *, as_json: bool) -> bool:
    """Parse ``paths`` and print what each file holds, storing nothing; return if all is good."""
    found: list[Row] = []
    with _bar(console, hidden=as_json) as progress:
        for path in paths:
            try:
                found += [preview(leaf, progress=progress) for leaf in leaves(path)]
            except PermanentError as error:
                found.append({"file_name": path.name, "state": "failed", **_error(error)})
    return _print(found, console, lang, as_json=as_json)


def load_the_demo(warehouse: Warehouse, settings: Settings, console: Console) -> None:
    """Load the demo chain; at once back where it is in already."""
    directory = settings.data / "demo"
    state = demo_state(directory)
    if state is None:
        state = prepare_demo(warehouse, directory, (datetime.now(UTC) + timedelta(hours=8)).date())
    if not state.loaded:
        for path in load_demo(warehouse, directory, str(settings.payer_key)):
            if console.is_terminal:
                console.print(path.name, style="dim", markup=False)


def _error(error: PermanentError) -> Row:
    return {"error_key": error.key, "error_params": error.params}


@contextmanager
def _bar(console: Console, *, hidden: bool) -> Iterator[Callable[[str, int, int, int], None]]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=hidden, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def report(name: str, done: int, total: int, _rows: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done)

        yield report


def _print(found: Iterable[Row], console: Console, lang: str, *, as_json: bool) -> bool:
    rows = list(found)
    if as_json:
        for row in rows:
            line = json.dumps(row | _why(row, lang), ensure_ascii=False, default=_plain)
            console.print(line, markup=False, soft_wrap=True)
    else:
        console.print(_table(rows, lang))
        for row in rows:
            if why := _why(row, lang):
                said = f"{row['file_name']}: {why['error']}"
                console.print(said, style="red", markup=False, soft_wrap=True)
    return all(row["state"] in (*GOOD, "read") for row in rows)


def _why(row: Row, lang: str) -> Row:
    if not row.get("error_key"):
        return {}
    # A list among the params is for programs; its parts are in the sentence already.
    return {"error": say(lang, row["error_key"], **row["error_params"])}


def _table(rows: Iterable[Row], lang: str) -> Table:
    def head(name: str) -> str:
        return say(lang, f"dashboard.imports.head.{name}")

    table = Table(
        head("file"), say(lang, "runtime.source"), head("state"), box=None, pad_edge=False
    )
    for name in FATES:
        table.add_column(head(name), justify="right")
    for row in rows:
        known = row["state"] != "read"  # only looked at: no batch has this state
        state = say(lang, f"dashboard.imports.state.{row['state']}" if known else "runtime.read")
        counts = [f"{row.get(f'rows_{name}', 0):,}" for name in FATES]
        table.add_row(row["file_name"], row.get("source", ""), state, *counts)
    return table


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)
