"""What the Locations page changes: files, costs, and the order to work it out anew."""

import tempfile
from pathlib import Path
from typing import IO, Any

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.sites.asking import amount_of
from dashboard.upload import CHUNK, megabytes
from warehouse import sites
from warehouse.directory import members
from warehouse.sites import KINDS, Kind

MOST_BYTES = 64 << 20
MOST_MONTHS = 240


def allow(here: Here) -> None:
    """Raise PermanentError ``sites.not_allowed`` for who may not change what advice is made of."""
    if not here.may("import") or here.scope.store_ids is not None:
        raise PermanentError("sites.not_allowed")


def kind_of(given: str) -> Kind:
    """Return a kind of file. Raises PermanentError ``sites.bad_kind``."""
    for kind in KINDS:
        if kind == given:
            return kind
    raise PermanentError("sites.bad_kind")


def take_file(
    board: Board, here: Here, kind: Kind, system: str, name: str, stream: IO[bytes]
) -> int:
    """Keep a file in the place of the last one of its kind; return how many rows it gave.

    The file goes to disk as it comes. Raises PermanentError with what to do about the file.
    """
    allow(here)
    suffix = Path(name).suffix.lower()
    limit = min(MOST_BYTES, board.settings.upload_max_bytes)
    with tempfile.TemporaryDirectory(prefix="tillboard-sites-") as folder:
        path = Path(folder) / f"file{suffix if suffix in {'.geojson', '.json'} else '.csv'}"
        size = 0
        with path.open("wb") as file:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise PermanentError(
                        "dashboard.upload.too_large", file=name, limit=megabytes(limit)
                    )
                file.write(chunk)
        if not size:
            raise PermanentError("dashboard.upload.empty", file=name)
        frame = _read(here, kind, path, system)
    with board.warehouse.begin(here.scope) as connection:
        sites.keep_input(connection, here.scope.chain_id, kind, frame, name, system)
        members.note(connection, here.scope, "sites.file", 0, {"kind": kind, "rows": len(frame)})
    return len(frame)


def _read(here: Here, kind: Kind, path: Path, system: str) -> Any:
    # What reads them is heavy and wanted by few.
    from advice.sites.reading import read_areas, read_candidates, read_competitors

    if kind == "areas":
        return read_areas(path, system=system)
    stores = here.reads.stores()
    stores = stores[stores["lat"].notna() & stores["lon"].notna()]
    known = stores[["name", "lat", "lon"]].reset_index(drop=True)
    if kind == "competitors":
        return read_competitors(path, system=system, stores=known)
    if known.empty:
        raise PermanentError("sites.no_places")
    return read_candidates(path, system=system, stores=known)


def drop_file(board: Board, here: Here, kind: str) -> None:
    """Take a file away; what was advised with it stays until it is worked out anew."""
    allow(here)
    with board.warehouse.begin(here.scope) as connection:
        sites.drop_input(connection, here.scope.chain_id, kind_of(kind))
        members.note(connection, here.scope, "sites.drop", 0, {"kind": kind})


def start(board: Board, here: Here, capex: Any, margin: Any, months: Any) -> None:
    """Keep what a new store costs, and have it all worked out. Raises PermanentError."""
    allow(here)
    cost = amount_of(capex, here.reads.chain().currency)
    assumed = sites.Assumed(cost or None, _share(margin), _months(months))
    with board.warehouse.begin(here.scope) as connection:
        sites.ask(connection, here.scope.chain_id, assumed)
    # Only after the commit: a worker that is quick must find what was asked.
    board.jobs.sites(here.scope.chain_id)


def _share(typed: Any) -> float | None:
    text = str(typed or "").strip().rstrip("%％").strip()
    if not text:
        return None
    try:
        share = float(text) / 100
    except ValueError as error:
        raise PermanentError("sites.bad_assumed") from error
    if not 0.01 <= share <= 1:
        raise PermanentError("sites.bad_assumed")
    return share


def _months(typed: Any) -> int:
    text = str(typed or "").strip() or str(sites.HORIZON_MONTHS)
    if not text.isdecimal() or not 1 <= int(text) <= MOST_MONTHS:
        raise PermanentError("sites.bad_assumed")
    return int(text)
