"""What each export holds, made of the very reads that the board shows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl

from chain.days import Period
from chain.metrics import METRICS, Metric
from chain.metrics import shown as shown_metrics
from chain.words import Lang, catalogue, say
from figures import formats
from figures.tokens import LIGHT
from reports.table import Chart, Column, Kind, Sums, Table
from warehouse.reads.protocol import SUMS, ChainInfo, Filters, ReadsProtocol

COUNTS = {"orders", "refunds"}
WHERE = ("regions", "cities", "ownership", "stores", "platforms", "channels")
PAYMENT_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("occurred_at", "instant"),
    ("business_date", "date"),
    ("code", "text"),
    ("store", "text"),
    ("platform", "text"),
    ("kind", "text"),
    ("currency", "text"),
    ("gross", "money"),
    ("platform_subsidy", "money"),
    ("merchant_subsidy", "money"),
    ("fee", "money"),
    ("net", "money"),
    ("method", "text"),
    ("channel", "text"),
    ("external_id", "text"),
    ("order_ref", "text"),
    ("batch_id", "text"),
    ("twin", "text"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One export as it was asked for: whose reads, what is shown, in which language, and when."""

    reads: ReadsProtocol
    filters: Filters
    lang: Lang
    now: datetime

    def say(self, key: str, /, **params: str | int) -> str:
        """Return a sentence of the section ``reports``."""
        return say(self.lang, f"reports.{key}", **params)


def ranking(asked: Asked) -> Table:
    """Return the ranking as the page of stores shows it, one row a store."""
    chain = asked.reads.chain()
    metric = METRICS[asked.filters.metric]
    ranked = asked.reads.by_store(asked.filters)
    totals = asked.reads.totals(asked.filters)
    kind = _kind(metric)
    shown: list[tuple[str, Kind]] = [
        ("rank", "count"),
        ("code", "text"),
        ("store", "text"),
        ("city", "text"),
        ("region", "text"),
        ("value", kind),
        ("before", kind),
        ("change", "ratio"),
        ("rank_before", "count"),
        ("share", "ratio"),
        *_sums(chain),
        ("days", "count"),
        ("days_without", "count"),
    ]
    rows = ranked.drop(columns="spark").rename(columns={"value_before": "before"})
    frame = _typed(rows, shown).join(
        stores(asked.reads, asked.lang), on="store_id", how="left", maintain_order="left"
    )
    columns = [_column(asked, chain, name, each, metric) for name, each in shown]
    return _table(
        asked,
        chain,
        "ranking",
        columns,
        iter([frame]),
        Sums(len(ranked), {chain.currency: totals.now["gross"]}),
        Chart("bar", "store", "value", most=20),
    )


def days(asked: Asked) -> Table:
    """Return the metric and all sums day by day, as the daily picture shows them."""
    chain = asked.reads.chain()
    metric = METRICS[asked.filters.metric]
    daily = asked.reads.daily(asked.filters, "day").frame
    totals = asked.reads.totals(asked.filters)
    shown: list[tuple[str, Kind]] = [("day", "date"), ("value", _kind(metric)), *_sums(chain)]
    columns = [_column(asked, chain, name, each, metric) for name, each in shown]
    return _table(
        asked,
        chain,
        "days",
        columns,
        iter([_typed(daily, shown)]),
        Sums(len(daily), {chain.currency: totals.now["gross"]}),
        Chart("line", "day", "value"),
    )


ROYALTY_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("month", "date"),
    ("code", "text"),
    ("store", "text"),
    ("month_days", "count"),
    ("gross", "money"),
    ("sales", "money"),
    ("franchised", "money"),
    ("royalty_rate", "ratio"),
    ("royalty", "money"),
    ("royalty_minimum", "money"),
    ("due", "money"),
)


def royalties(asked: Asked) -> Table:
    """Return the statement of royalties, one row a month and franchised store."""
    chain = asked.reads.chain()
    metric = METRICS["royalty"]
    rows = asked.reads.royalties(asked.filters)
    names = stores(asked.reads, asked.lang).select("store_id", "code", "store")
    frame = _typed(rows, ROYALTY_COLUMNS).join(
        names, on="store_id", how="left", maintain_order="left"
    )
    columns = [_column(asked, chain, name, kind, metric) for name, kind in ROYALTY_COLUMNS]
    return _table(
        asked,
        chain,
        "royalties",
        columns,
        iter([frame]),
        Sums(len(rows), {chain.currency: int(rows["gross"].sum())}),
        Chart("bar", "store", "due", most=20, summed=True),
    )


@contextmanager
def payments(asked: Asked) -> Iterator[Table]:
    """Open every payment; the table's rows are read while it is written, in one transaction."""
    chain = asked.reads.chain()
    names = stores(asked.reads, asked.lang).select("store_id", "code", "store")
    columns = [_column(asked, chain, name, kind) for name, kind in PAYMENT_COLUMNS]
    with asked.reads.every_payment(asked.filters) as whole:
        yield _table(
            asked,
            chain,
            "payments",
            columns,
            (_readable(frame, names, asked.lang, chain.time_zone) for frame in whole.frames),
            Sums(whole.rows, whole.gross),
            Chart("line", "business_date", "gross", summed=True, currency=chain.currency),
        )


TABLES: Mapping[str, Callable[[Asked], AbstractContextManager[Table]]] = {
    "ranking": lambda asked: nullcontext(ranking(asked)),
    "days": lambda asked: nullcontext(days(asked)),
    "payments": payments,
    "royalties": lambda asked: nullcontext(royalties(asked)),
}
"""The tables by what they are called in an address, each for a ``with`` block."""


def fitting(metric: str, what: str) -> str:
    """Return the metric that a table can show: the one asked for, or net sales."""
    one = METRICS.get(metric, METRICS["net_sales"])
    fits = (one.ranks or what != "ranking") and (one.series or what != "days")
    return one.name if fits else "net_sales"


def stores(reads: ReadsProtocol, lang: str) -> pl.DataFrame:
    """Return ``store_id``, ``code``, ``store``, ``city`` and ``region`` as the reader calls them.

    The code is text. The unassigned store is called as on the board.
    """
    rows = reads.stores()
    names = {"store": "name", "city": "city", "region": "region"}
    out = pl.DataFrame(
        {"store_id": rows["store_id"].to_list(), "code": rows["code"].astype(str).to_list()}
        | {
            column: [
                (lang == "en" and english) or plain
                for plain, english in zip(
                    rows[source].fillna(""), rows[f"{source}_en"].fillna(""), strict=True
                )
            ]
            for column, source in names.items()
        },
        schema={"store_id": pl.Int64} | dict.fromkeys(("code", *names), pl.String),
    )
    unassigned = pl.Series(rows["unassigned"].to_list(), dtype=pl.Boolean)
    bare = pl.Series([say(lang, "pages.unassigned")])
    return out.with_columns(store=bare.zip_with(unassigned, out["store"]) if len(out) else bare[:0])


def _sums(chain: ChainInfo) -> list[tuple[str, Kind]]:
    """Return the sums; what follows from terms only where the chain has such."""
    left = set() if "vat" in chain.terms else {"vat"}
    left |= set() if "franchise" in chain.terms else {"franchised", "royalty"}
    return [(name, "count" if name in COUNTS else "money") for name in SUMS if name not in left]


def _kind(metric: Metric) -> Kind:
    return "count" if metric.unit == "days" else metric.unit


def _typed(rows: pd.DataFrame, shown: Sequence[tuple[str, Kind]]) -> pl.DataFrame:
    """Return the columns there are, as what they are: a whole number of cents, a count, a date."""
    types = {"money": pl.Int64, "count": pl.Int64, "ratio": pl.Float64, "date": pl.Date}
    kept = {"store_id": rows["store_id"].to_list()} if "store_id" in rows else {}
    series = [pl.Series(name, values, dtype=pl.Int64) for name, values in kept.items()]
    for name, kind in shown:
        if name not in rows:
            continue
        values = [None if pd.isna(value) else value for value in rows[name]]
        if kind in {"money", "count"}:
            values = [None if value is None else round(value) for value in values]
        series.append(pl.Series(name, values, dtype=types[kind]))
    return pl.DataFrame(series)


def _readable(frame: pl.DataFrame, names: pl.DataFrame, lang: str, zone: str) -> pl.DataFrame:
    return frame.join(names, on="store_id", how="left", maintain_order="left").with_columns(
        pl.col("occurred_at").dt.replace_time_zone("UTC").dt.convert_time_zone(zone),
        _said("platform", "dashboard.source", lang),
        _said("kind", "reports.kind", lang),
        pl.col("batch_id").cast(pl.String),
        pl.when("twin").then(pl.lit("✓")).otherwise(pl.lit("")).alias("twin"),
    )


def _said(column: str, section: str, lang: str) -> pl.Expr:
    words = catalogue(lang)
    start = f"{section}."
    known = {key.removeprefix(start): word for key, word in words.items() if key.startswith(start)}
    return pl.col(column).replace(known)


def _column(
    asked: Asked, chain: ChainInfo, name: str, kind: Kind, metric: Metric | None = None
) -> Column:
    label = metric.label(asked.lang) if metric else ""
    head = asked.say(f"column.{name}", metric=label, zone=chain.time_zone)
    if kind != "money":
        return Column(name, kind, head)
    if metric is None:
        return Column(name, kind, head)
    return Column(name, kind, f"{head} ({chain.currency})", chain.currency)


def _table(
    asked: Asked,
    chain: ChainInfo,
    name: str,
    columns: Sequence[Column],
    frames: Iterator[pl.DataFrame],
    expected: Sums,
    chart: Chart,
) -> Table:
    metric = METRICS[asked.filters.metric]
    title = asked.say(f"title.{name}", metric=metric.label(asked.lang))
    labels = {
        key: asked.say(f"sheet.{key}")
        for key in ("data", "chart", "about", "definitions", "rows", "control")
    }
    return Table(
        name=file_stem(asked, name),
        title=title,
        columns=columns,
        frames=frames,
        expected=expected,
        home=chain.currency,
        lang=asked.lang,
        zone=chain.time_zone,
        made_at=asked.now.replace(tzinfo=None),
        stamp=stamp(asked, chain, title, name),
        definitions=[
            (one.label(asked.lang), one.sentence(asked.lang))
            for one in shown_metrics(chain.terms).values()
        ],
        labels=labels | {"colour": LIGHT.this},
        chart=chart,
    )


def file_stem(asked: Asked, name: str) -> str:
    """Return the file's name without its ending: what it is, and the days it covers."""
    period = asked.filters.period
    return f"{asked.say(f'name.{name}')} {period.start}–{period.end}"


def stamp(asked: Asked, chain: ChainInfo, title: str, name: str) -> list[tuple[str, str]]:
    """Return in words what was chosen, as (label, text)."""
    filters, lang = asked.filters, asked.lang
    made = asked.now.astimezone(ZoneInfo(chain.time_zone))
    lines = {
        "what": title,
        "chain": chain.name,
        "period": formats.days_year(filters.period.start, filters.period.end, lang),
        "against": _against(asked),
        "metric": METRICS[filters.metric].label(lang),
        "store": _store(asked),
        "regions": _regions(asked),
        "cities": _cities(asked),
        "ownership": ", ".join(
            say(lang, f"dashboard.ownership.{one}") for one in filters.ownership
        ),
        "platforms": _codes(asked, "platform", filters.platforms),
        "channels": _codes(asked, "channel", filters.channels),
        "zone": chain.time_zone,
        "currency": chain.currency,
        "made": made.strftime("%Y-%m-%d %H:%M %z"),
        "note": asked.say(f"stamp.note_{name}"),
    }
    skipped = {"against", "metric"} if name in {"payments", "royalties"} else set()
    if filters.stores:
        skipped |= {name for name in ("regions", "cities") if not getattr(filters, name)}
    else:
        skipped.add("store")
    # Where they let everything through, the stamp stays short.
    skipped |= {
        name for name in ("ownership", "platforms", "channels") if not getattr(filters, name)
    }
    return [(asked.say(f"stamp.{key}"), text) for key, text in lines.items() if key not in skipped]


def _against(asked: Asked) -> str:
    if asked.filters.alone:
        return asked.say("stamp.against_none")
    before = asked.filters.before
    return formats.days_year(before.start, before.end, asked.lang)


def _codes(asked: Asked, part: str, codes: Sequence[str]) -> str:
    section = {"platform": "dashboard.source", "channel": "dashboard.channel"}[part]
    words = catalogue(asked.lang)
    return ", ".join(words.get(f"{section}.{code or 'unknown'}") or code for code in codes)


def _store(asked: Asked) -> str:
    known = stores(asked.reads, asked.lang)
    rows = known.filter(pl.col("store_id").is_in(list(asked.filters.stores)))
    return ", ".join(f"{code} {store}" for _, code, store, *_ in rows.rows())


def _regions(asked: Asked) -> str:
    if not asked.filters.regions:
        return asked.say("stamp.all_regions")
    rows = asked.reads.regions()
    names = [
        str((asked.lang == "en" and english) or name)
        for region, name, english in zip(
            rows["region_id"], rows["name"], rows["name_en"], strict=True
        )
        if region in asked.filters.regions
    ]
    return ", ".join(names)


def _cities(asked: Asked) -> str:
    return ", ".join(asked.filters.cities) or asked.say("stamp.all_cities")


def query_of(filters: Filters) -> dict[str, Any]:
    """Return ``filters`` as JSON, dates and all, to be kept until a job reads it."""
    return {
        "period": _days(filters.period),
        "metric": filters.metric,
        "regions": list(filters.regions),
        "cities": list(filters.cities),
        "ownership": list(filters.ownership),
        "stores": list(filters.stores),
        "platforms": list(filters.platforms),
        "channels": list(filters.channels),
        "comparison": _days(filters.comparison) if filters.comparison else None,
        "alone": filters.alone,
    }


def filters_of(query: Mapping[str, Any]) -> Filters:
    """Return the filters that ``query_of`` kept."""
    comparison = query.get("comparison")
    return Filters(
        _period(query["period"]),
        _period(comparison) if comparison else None,
        metric=str(query["metric"]),
        # What an export asked for by an earlier version does not say lets everything through.
        **{name: tuple(query.get(name, ())) for name in WHERE},
        alone=bool(query.get("alone")),
    )


def _days(period: Period) -> list[str]:
    return [period.start.isoformat(), period.end.isoformat()]


def _period(days: Sequence[str]) -> Period:
    start, end = (date.fromisoformat(day) for day in days)
    return Period(start, end)


def file_of(chain_id: int, export_id: int) -> str:
    """Return what the file of an export made by a job is called in its folder."""
    return f"{chain_id}-{export_id}.file"
