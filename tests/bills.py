"""Bills made in a test: canonical rows with no file behind them, through the real loader."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
from sqlalchemy import text

from etl.canonical import SCHEMA, Chunk, Statement
from etl.loading import Lane, Loader, Plan
from warehouse import batches
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.session import Scope, Warehouse

BLANK: dict[str, Any] = {
    "account_ref": "2088",
    "kind": "sale",
    "part": "",
    "currency": "CNY",
    "platform_subsidy": 0,
    "merchant_subsidy": 0,
    "fee": 0,
    "method": "",
    "channel": "",
    "via": "",
    "payer": None,
    "order_ref": "",
    "original_external_id": "",
    "store_ref": "",
    "store_label": "",
    "terminal_ref": "",
    "operator_ref": "",
}


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return canonical rows; what a row leaves out is blank, ``net`` follows from the others."""
    full = []
    for line, row in enumerate(rows, start=1):
        one = {**BLANK, "line": line, **row}
        one["net"] = one["gross"] - one["merchant_subsidy"] - one["fee"]
        full.append({name: one[name] for name in SCHEMA})
    return pl.DataFrame(full, schema=SCHEMA)


@dataclass
class MadeBill:
    """A bill of made-up rows; ``chunk`` rows are yielded at a time."""

    rows: Sequence[dict[str, Any]]
    exported_at: datetime | None = None
    platform: str = "alipay"
    source: str = "made"
    layout: str = "made"
    rival: str = ""
    chunk: int = 1000
    statement: Statement = field(default_factory=Statement)

    def __post_init__(self) -> None:
        self.statement.exported_at = self.exported_at

    def chunks(self) -> Iterator[Chunk]:
        """Yield the rows."""
        for start in range(0, len(self.rows), self.chunk):
            part = frame(self.rows[start : start + self.chunk])
            yield Chunk(part, [], 0, start)


def new_chain(warehouse: Warehouse, stores: Sequence[NewStore] = ()) -> Scope:
    """Make a chain with ``stores`` and return the scope of its owner."""
    chain_id = create_chain(warehouse, NewChain("Test"))
    with warehouse.begin(Scope(chain_id)) as connection:
        for store in stores:
            add_store(connection, chain_id, store)
    return Scope(chain_id)


def _silent(_bytes_read: int, _rows: int) -> None:
    """Report nothing."""


_digest = iter(range(1, 10**9))


def load(warehouse: Warehouse, scope: Scope, bill: MadeBill, *, lanes: int = 1) -> int:
    """Load a bill through one or two lanes and return its batch id."""
    with warehouse.begin(scope) as connection:
        received = batches.receive(
            connection,
            scope.chain_id,
            sha256=next(_digest).to_bytes(32, "big"),
            file_name="made.csv",
            size_bytes=len(bill.rows),
        )
    names = ("all",) if lanes == 1 else ("even", "odd")
    with warehouse.hold(scope) as own, warehouse.hold(scope) as one, warehouse.hold(scope) as two:
        opened = [Lane(name, held) for name, held in zip(names, (one, two), strict=False)]
        plan = Plan(scope.chain_id, received.batch_id, bill, "test-key")
        loader = Loader(plan, own, opened, _silent)
        outcome = loader.read()
        for lane in opened:
            loader.merge(lane, outcome, finish=False)
        with warehouse.begin(scope) as connection:
            loader.finish(connection, outcome)
    return received.batch_id


def utc(day: int, hour: int = 4) -> datetime:
    """Return an instant in March 2026."""
    return datetime(2026, 3, day, hour, tzinfo=UTC)


def store_id(warehouse: Warehouse, scope: Scope, code: str) -> int:
    """Return the id of the store with this code."""
    with warehouse.begin(scope) as connection:
        return int(
            connection.scalar(text("select store_id from store where code = :c"), {"c": code}) or 0
        )
