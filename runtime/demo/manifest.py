"""What was written, file by file: so that an import can be checked to the last fen."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from runtime.demo.payments import KINDS


@dataclass(slots=True)
class Sums:
    """Rows and sums in fen, signed as the warehouse signs them.

    Refunds are negative, ``fee`` is positive where the platform keeps it, and
    ``net = gross - merchant_subsidy - fee``.
    """

    rows: int = 0
    gross: int = 0
    merchant_subsidy: int = 0
    platform_subsidy: int = 0
    fee: int = 0
    net: int = 0

    def add(self, other: "Sums", sign: int = 1) -> None:
        """Add ``other`` (or take it away, with ``sign`` -1)."""
        for name in Sums.__slots__:
            setattr(self, name, getattr(self, name) + sign * getattr(other, name))


@dataclass(slots=True)
class Entry:
    """One file: ``by_kind`` its own rows; ``role`` is bill, duplicate, reexport, cash or till.

    ``known`` are the rows that other files hold too: all of a duplicate, the unchanged and the
    superseded versions of a re-export's rows (with the amounts of the older file), the WeChat and
    Alipay payments of a till report.
    """

    path: str
    platform: str
    account: str
    start: str
    end: str
    role: str
    by_kind: dict[str, Sums] = field(default_factory=dict)
    known: dict[str, Sums] = field(default_factory=dict)
    changed_rows: int = 0


def sums_by_kind(rows: pl.DataFrame) -> dict[str, Sums]:
    """Return the sums of ``rows`` (columns as of `month_rows`, with fee in fen) for each kind."""
    totals = rows.group_by("kind").agg(pl.len(), pl.sum("gross", "merchant", "subsidy", "fee"))
    return {
        KINDS[kind]: Sums(rows_, gross, merchant, subsidy, fee, gross - merchant - fee)
        for kind, rows_, gross, merchant, subsidy, fee in sorted(totals.rows())
    }


class Manifest:
    """A manifest being written: one JSON object a line, a line a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.write_text("", encoding="utf-8")

    def add(self, entry: Entry) -> None:
        """Append ``entry``."""
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")


def read_manifest(path: Path) -> list[Entry]:
    """Return the entries of a manifest, in the order of writing."""
    entries = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        for name in ("by_kind", "known"):
            fields[name] = {kind: Sums(**sums) for kind, sums in fields[name].items()}
        entries.append(Entry(**fields))
    return entries


def expected_totals(entries: Iterable[Entry]) -> dict[tuple[str, str], Sums]:
    """Return what a warehouse must hold by (platform, kind) once every file was imported."""
    totals: dict[tuple[str, str], Sums] = {}
    for entry in entries:
        for signed, part in ((1, entry.by_kind), (-1, entry.known)):
            for kind, sums in part.items():
                totals.setdefault((entry.platform, kind), Sums()).add(sums, signed)
    return {key: sums for key, sums in totals.items() if sums.rows}


def iso(day: date) -> str:
    """Return a day as the manifest writes it."""
    return day.isoformat()
