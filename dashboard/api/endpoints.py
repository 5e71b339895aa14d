"""Every question of the API: its address, what may be asked, what it answers, who may."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import pandas as pd
from pydantic import BaseModel

from chain.errors import PermanentError
from chain.metrics import METRICS, Linear, Metric
from chain.money import exponent
from chain.roles import ApiScope
from chain.terms import terms_at, vat_rate_at
from chain.words import Lang, say
from dashboard.api import shapes
from dashboard.api.asked import (
    Asked,
    ByPart,
    Compared,
    ForecastAsked,
    ImportsAsked,
    Nothing,
    PaymentsAsked,
    Ranked,
    Series,
    cursor,
)
from dashboard.loose import records
from warehouse.reads.forecast_protocol import Unit
from warehouse.reads.protocol import SUMS, ChainInfo, Filters, ReadsProtocol
from warehouse.session import Scope


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: through which reads, whose rows, in which language."""

    reads: ReadsProtocol
    scope: Scope
    lang: Lang


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One question. ``scope`` None: any token may ask it.

    ``by_version``: an answer stays the same until the chain's version changes; any other is known
    by what is in it.
    """

    name: str
    scope: ApiScope | None
    asked: type[Asked]
    shape: type[BaseModel]
    answer: Callable[[Asking, Any], BaseModel]
    by_version: bool = True


def chain(asking: Asking, _asked: Nothing) -> shapes.ChainShape:
    """Return the chain."""
    found = asking.reads.chain()
    return shapes.ChainShape(
        name=found.name,
        **_money(found),
        country=found.country,
        time_zone=found.time_zone,
        today=found.today,
        first_day=found.first_day,
        last_day=found.last_day,
        last_complete_day=found.yesterday,
    )


def stores(asking: Asking, _asked: Nothing) -> shapes.Stores:
    """Return the stores."""
    chain_info, vat = asking.reads.chain(), asking.reads.vat_rates()
    terms = asking.reads.store_terms()

    def held(store: int) -> dict[str, object]:
        now = terms_at(terms, store, chain_info.today)
        return {
            "ownership": now.ownership,
            "royalty_rate": float(now.royalty_rate),
            "vat_rate": float(vat_rate_at(vat, store, chain_info.today)),
        }

    rows = [
        shapes.Store(
            **{name: _plain(row[name]) for name in shapes.Store.model_fields if name in row}
            | held(int(row["store_id"]))
            | {
                "region_id": row["region_id"] or None,
                "monthly_rent": _whole(row["monthly_rent"]),
            }
        )
        for row in records(asking.reads.stores())
    ]
    return shapes.Stores(**_money(chain_info), rows=rows)


def metrics(asking: Asking, _asked: Nothing) -> shapes.Metrics:
    """Return what each metric is."""
    return shapes.Metrics(rows=[_metric(one, asking.lang) for one in METRICS.values()])


def _metric(one: Metric, lang: str) -> shapes.MetricShape:
    asked_of = {"totals": True, "by-store": one.ranks} | dict.fromkeys(
        ("daily", "by-platform", "by-channel"), one.read is None
    )
    return shapes.MetricShape(
        name=one.name,
        label=one.label(lang),
        definition=one.sentence(lang),
        unit=one.unit,
        up_is_good=one.up_is_good,
        adds_up=one.additive,
        numerator=_sum(one.top),
        denominator=_sum(one.over) if one.over else None,
        needs=one.needs,
        asked_of=[name for name, fits in asked_of.items() if fits],
    )


def _sum(part: Linear) -> shapes.Sum:
    return shapes.Sum(plus=list(part.plus), minus=list(part.minus))


def totals(asking: Asking, asked: Compared) -> shapes.Totals:
    """Return one metric and the sums."""
    head, filters, metric = _head(asking, asked)
    found = asking.reads.totals(filters)
    return shapes.Totals(
        **head,
        value=_figure(found.value, metric),
        value_before=_figure(found.value_before, metric),
        change=found.change,
        days=found.days,
        days_before=found.days_before,
        sums=_sums(found.now),
        sums_before=_sums(found.before),
    )


def daily(asking: Asking, asked: Series) -> shapes.Daily:
    """Return a series."""
    head, filters, metric = _head(asking, asked)
    found = asking.reads.daily(filters, asked.grain)

    def series(frame: pd.DataFrame) -> list[shapes.Day]:
        return [
            shapes.Day(
                **_base(row),
                day=row["day"],
                value=_figure(row["value"], metric),
                days=row["n_days"],
            )
            for row in records(frame)
        ]

    return shapes.Daily(
        **head,
        grain=found.grain,
        rows=series(found.frame),
        rows_before=series(found.before),
        days_without=list(found.gaps),
    )


def by_store(asking: Asking, asked: Ranked) -> shapes.ByStore:
    """Return the stores, best first."""
    head, filters, metric = _head(asking, asked)
    known = asking.reads.stores()
    codes = dict(zip(known["store_id"], known["code"], strict=True))
    rows = [
        shapes.StoreRow(
            **_base(row),
            **_values(row, metric),
            store_id=row["store_id"],
            code=str(codes.get(row["store_id"], "")),
            change=_plain(row["change"]),
            rank=_whole(row["rank"]),
            rank_before=_whole(row["rank_before"]),
            share=_plain(row["share"]),
            days=row["days"],
            days_without=row["days_without"],
        )
        for row in records(asking.reads.by_store(filters))
    ]
    return shapes.ByStore(**head, rows=rows)


def by_platform(asking: Asking, asked: ByPart) -> shapes.ByPlatform:
    """Return the platforms."""
    head, filters, metric = _head(asking, asked)
    rows = [
        shapes.PlatformRow(
            **_base(row),
            **_values(row, metric),
            share=_plain(row["share"]),
            platform=row["platform"],
        )
        for row in records(asking.reads.by_platform(filters))
    ]
    return shapes.ByPlatform(**head, rows=rows)


def by_channel(asking: Asking, asked: ByPart) -> shapes.ByChannel:
    """Return the channels."""
    head, filters, metric = _head(asking, asked)
    rows = [
        shapes.ChannelRow(
            **_base(row),
            **_values(row, metric),
            share=_plain(row["share"]),
            channel=row["channel"],
        )
        for row in records(asking.reads.by_channel(filters))
    ]
    return shapes.ByChannel(**head, rows=rows)


def payments(asking: Asking, asked: PaymentsAsked) -> shapes.Payments:
    """Return one page of payments."""
    filters = asked.filters(asking.reads.chain())
    found = asking.reads.payments_after(filters, asked.after(), asked.limit)
    fields = [name for name in shapes.Payment.model_fields if name != "counted_elsewhere"]
    rows = [
        shapes.Payment(
            **{name: row[name] for name in fields if name != "key"},
            key=str(row["key"]),
            counted_elsewhere=row["twin"],
        )
        for row in records(found)
    ]
    last = rows[-1] if len(rows) == asked.limit else None
    return shapes.Payments(
        period=_span(filters.period.start, filters.period.end),
        rows=rows,
        next=last and cursor(last.business_date, last.occurred_at.isoformat(), last.key),
    )


def forecast(asking: Asking, asked: ForecastAsked) -> shapes.Forecast:
    """Return the days ahead."""
    unit = Unit(asked.level, 0 if asked.level == "chain" else asked.id)
    found = asking.reads.forecast(unit, asked.ahead, 1)
    run = asking.reads.forecast_run()
    rows = [
        shapes.Ahead(
            day=row["day"],
            mean=round(row["mean"]),
            mean_without_changes=round(row["base"]),
            q10=round(row["q0.1"]),
            q50=round(row["q0.5"]),
            q90=round(row["q0.9"]),
            changed=row["overridden"],
            open=row["open"],
        )
        for row in records(found.frame)
    ]
    return shapes.Forecast(
        **_money(asking.reads.chain()),
        level=unit.level,
        id=unit.unit_id,
        model=found.model,
        learned_until=run.learned_until if run else None,
        reason=say(asking.lang, found.reason, **found.params) if found.reason else None,
        rows=rows,
    )


def imports(asking: Asking, asked: ImportsAsked) -> shapes.Imports:
    """Return one page of imports. They are of the whole chain, and so for whoever sees it."""
    if asking.scope.store_ids is not None:
        raise PermanentError("api.whole_chain")
    found = records(asking.reads.batches_before(asked.before(), asked.limit, asked.state))
    fields = [name for name in shapes.Import.model_fields if name not in {"error", "residual"}]
    rows = [
        shapes.Import(
            **{name: _plain(row[name]) for name in fields},
            residual=f"{row['residual']:f}",
            error=say(asking.lang, row["error_key"], **row["error_params"])
            if row["error_key"]
            else None,
        )
        for row in found
    ]
    more = len(rows) == asked.limit
    return shapes.Imports(rows=rows, next=cursor(rows[-1].batch_id) if more else None)


def _head(asking: Asking, asked: Compared) -> tuple[dict[str, Any], Filters, Metric]:
    info = asking.reads.chain()
    filters = asked.filters(info)
    metric = METRICS[filters.metric]
    before = filters.before
    head = _money(info) | {
        "metric": metric.name,
        "unit": metric.unit,
        "period": _span(filters.period.start, filters.period.end),
        "compared_with": _span(before.start, before.end),
    }
    return head, filters, metric


def _money(info: ChainInfo) -> dict[str, Any]:
    return {"currency": info.currency, "currency_decimals": exponent(info.currency)}


def _span(start: date, end: date) -> shapes.Span:
    return shapes.Span.model_validate({"from": start, "to": end})


def _base(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in SUMS}


def _sums(given: Mapping[str, int]) -> shapes.Sums:
    return shapes.Sums(**_base(given))


def _values(row: Mapping[str, Any], metric: Metric) -> dict[str, shapes.Number]:
    return {name: _figure(row[name], metric) for name in ("value", "value_before")}


def _figure(value: float | None, metric: Metric) -> shapes.Number:
    """Return a metric as a number: money, counts and days whole, half to even, as exports do."""
    if value is None or math.isnan(value):
        return None
    return float(value) if metric.unit == "ratio" else round(float(value))


def _plain(value: Any) -> Any:
    """Return None for what pandas has for nothing."""
    return None if pd.api.types.is_scalar(value) and pd.isna(value) else value


def _whole(value: Any) -> int | None:
    return None if pd.isna(value) else round(cast("float", value))


ENDPOINTS = (
    Endpoint("chain", None, Nothing, shapes.ChainShape, chain),
    Endpoint("metrics", None, Nothing, shapes.Metrics, metrics),
    Endpoint("stores", "stores", Nothing, shapes.Stores, stores),
    Endpoint("totals", "figures", Compared, shapes.Totals, totals),
    Endpoint("daily", "figures", Series, shapes.Daily, daily),
    Endpoint("by-store", "figures", Ranked, shapes.ByStore, by_store),
    Endpoint("by-platform", "figures", ByPart, shapes.ByPlatform, by_platform),
    Endpoint("by-channel", "figures", ByPart, shapes.ByChannel, by_channel),
    Endpoint("payments", "payments", PaymentsAsked, shapes.Payments, payments, by_version=False),
    Endpoint("forecast", "forecast", ForecastAsked, shapes.Forecast, forecast),
    Endpoint("imports", "imports", ImportsAsked, shapes.Imports, imports),
)
