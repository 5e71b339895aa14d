"""The demo's bills: written month by month, the newest first, ready to import as they come."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import polars as pl

from runtime.demo import alipay, cash, meituan, till, wechat
from runtime.demo.demand import simulate
from runtime.demo.description import DemoChain, DemoSize
from runtime.demo.manifest import Entry, Manifest, iso, sums_by_kind
from runtime.demo.neighbourhoods import write_neighbourhoods
from runtime.demo.payments import (
    ALIPAY,
    DAY,
    MEITUAN,
    WECHAT,
    World,
    month_rows,
    month_sales,
)
from runtime.demo.scenario import (
    ALIPAY_ACCOUNTS,
    CASH_ACCOUNT,
    MEITUAN_ACCOUNT,
    WECHAT_ACCOUNTS,
    build,
)
from runtime.demo.truth import write_truth

SEED = 20_260_725
MANIFEST = "demo-manifest.jsonl"
MONTHLY = 6
"""Files of every month: two accounts of WeChat and of Alipay, Meituan's workbook, cash."""
EVENTS = 2
"""The file that is sent twice, and the one that is exported again."""
_REEXPORT_DAYS = (4, 14)
_CORRECTED = 6


def describe(today: date, seed: int = SEED, *, size: DemoSize | None = None) -> DemoChain:
    """Return the chain that `write_bills` with the same arguments writes the bills of."""
    return build(today, seed, size or DemoSize()).chain


def count_bills(today: date, seed: int = SEED, *, size: DemoSize | None = None) -> int:
    """Return how many files `write_bills` with the same arguments yields."""
    scenario = build(today, seed, size or DemoSize())
    return scenario.size.months * MONTHLY + len(scenario.events.till_months) + EVENTS


def write_bills(
    directory: Path, *, today: date, seed: int = SEED, size: DemoSize | None = None
) -> Iterator[Path]:
    """Write the bills into ``directory`` and yield each file once it is complete.

    The newest month comes first. Beside the directory stand the manifest (MANIFEST, a line a
    file, written before the file is yielded), the hidden truth, and who lives around the stores.
    Raises OSError where a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    scenario = build(today, seed, size or DemoSize())
    world = World(scenario, simulate(scenario))
    write_truth(world, directory.parent)
    write_neighbourhoods(scenario, world.demand, directory.parent)
    writer = _Writer(world, directory, Manifest(directory.parent / MANIFEST))
    newer = month_sales(world, scenario.size.months - 1)
    for month in reversed(range(scenario.size.months)):
        older = month_sales(world, month - 1) if month else newer.clear()
        yield from writer.month(month, month_rows(world, month, [older, newer]))
        newer = older


@dataclass(slots=True)
class _Writer:
    world: World
    directory: Path
    manifest: Manifest

    def month(self, month: int, rows: pl.DataFrame) -> Iterator[Path]:
        """Write the files of one month, the largest accounts first."""
        companies = pl.Series(self.world.scenario.company).gather(rows["store"])
        events = self.world.scenario.events
        for account in (0, 1):
            mine = rows.filter(companies == account)
            yield self._wechat(month, mine.filter(pl.col("platform") == WECHAT), account)
            sold = alipay.with_fees(self.world, mine.filter(pl.col("platform") == ALIPAY), account)
            bill = self._alipay(month, sold, account)
            yield bill
            if account == 0 and month == events.duplicate_month:
                yield self._again(bill)
            if account == 1 and month == events.reexport_month:
                yield self._reexport(month, sold)
        yield self._meituan(month, rows.filter(pl.col("platform") == MEITUAN))
        yield self._cash(month)
        if month in events.till_months:
            yield self._till(month, rows)

    def _period(self, month: int) -> tuple[date, date]:
        start, end = self.world.span(month)
        return self.world.day(start), self.world.day(end - 1)

    def _save(self, name: str, data: bytes, entry: Entry) -> Path:
        path = self.directory / name
        path.write_bytes(data)
        self.manifest.add(entry)
        return path

    def _wechat(self, month: int, rows: pl.DataFrame, account: int) -> Path:
        first, last = self._period(month)
        rows = wechat.with_fees(self.world, rows, account)
        data = wechat.bill(self.world, rows, account, bom=account == 0)
        name = wechat.file_name(account, first, last)
        ref = WECHAT_ACCOUNTS[account][0]
        # Coupons that WeChat settles are money that was paid, so nobody gave it away.
        sums = sums_by_kind(rows.with_columns(subsidy=0))
        entry = Entry(name, "wechat", ref, iso(first), iso(last), "bill", sums)
        return self._save(name, data, entry)

    def _alipay(self, month: int, rows: pl.DataFrame, account: int) -> Path:
        first, last = self._period(month)
        exported = _exported(last)
        data = alipay.bill(self.world, rows, account, (first, last), exported)
        name = alipay.file_name(account, first, last)
        ref = ALIPAY_ACCOUNTS[account][0]
        entry = Entry(name, "alipay", ref, iso(first), iso(last), "bill", sums_by_kind(rows))
        return self._save(name, data, entry)

    def _again(self, bill: Path) -> Path:
        """Deliver a file a second time, under the name a browser gives it."""
        first, last = self._period(self.world.scenario.events.duplicate_month)
        name = bill.name.removesuffix(".csv.zip") + " (1).csv.zip"
        ref = ALIPAY_ACCOUNTS[0][0]
        entry = Entry(name, "alipay", ref, iso(first), iso(last), "duplicate")
        return self._save(name, bill.read_bytes(), entry)

    def _reexport(self, month: int, rows: pl.DataFrame) -> Path:
        """Export ten days again, later, after Alipay gave back a fen of fee on a few payments."""
        start, end = self.world.span(month)
        low = min(start + _REEXPORT_DAYS[0], end - 1)
        high = min(start + _REEXPORT_DAYS[1], end)
        old = rows.filter(pl.col("at").is_between(low * DAY, high * DAY, closed="left"))
        change = (pl.col("fee") > 1) & ((pl.col("fee") > 1).cum_sum() <= _CORRECTED)
        new = old.with_columns(fee=pl.col("fee") - change.cast(pl.Int64))
        first, last = self.world.day(low), self.world.day(high - 1)
        # Later than the month's own export, so that its version wins.
        exported = _exported(self._period(month)[1]) + timedelta(hours=4)
        data = alipay.bill(self.world, new, 1, (first, last), exported)
        name = alipay.file_name(1, first, last)
        entry = Entry(
            name,
            "alipay",
            ALIPAY_ACCOUNTS[1][0],
            iso(first),
            iso(last),
            "reexport",
            sums_by_kind(new),
            sums_by_kind(old),
            int((new["fee"] != old["fee"]).sum()),
        )
        return self._save(name, data, entry)

    def _meituan(self, month: int, rows: pl.DataFrame) -> Path:
        first, last = self._period(month)
        data, sums = meituan.workbook(self.world, rows, (first, last))
        name = meituan.file_name(first, last)
        ref = MEITUAN_ACCOUNT[0]
        return self._save(
            name, data, Entry(name, "meituan", ref, iso(first), iso(last), "bill", sums)
        )

    def _cash(self, month: int) -> Path:
        first, last = self._period(month)
        data, sums = cash.takings(self.world, month)
        name = cash.file_name(first)
        ref = CASH_ACCOUNT[0]
        return self._save(name, data, Entry(name, "cash", ref, iso(first), iso(last), "cash", sums))

    def _till(self, month: int, rows: pl.DataFrame) -> Path:
        first, last = self._period(month)
        data, sums, known = till.report(self.world, rows, (first, last))
        name = till.file_name(self.world, first)
        entry = Entry(name, "till", "", iso(first), iso(last), "till", sums, known)
        return self._save(name, data, entry)


def _exported(last: date) -> datetime:
    """Return when a bill that ends on ``last`` was made: early the next morning."""
    return datetime.combine(last + timedelta(days=1), time(5, 46, 49))
