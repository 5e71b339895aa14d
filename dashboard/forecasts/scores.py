"""How good the forecast has been: by model, over the ranges, and month by month."""

from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.names import store_names
from dashboard.forecasts import words
from dashboard.forecasts.asked import Asked, future
from dashboard.frame import Here
from dashboard.loose import records
from figures import formats
from warehouse.reads.forecast_protocol import CHAIN, Accuracy, Unit
from warehouse.reads.protocol import ChainInfo

SERVED, NAIVE, PROPHET = "served", "seasonal_naive", "prophet"
MOST_LOSING = 8
ON_DESK = frozenset({"seconds", "yours"})
"""Columns that a phone has no room for."""


def card(here: Here, asked: Asked) -> list[Component]:
    """Return the finding, the table of models, stores that would do better, and past months."""
    unit = asked.unit if asked.unit.level == "store" else CHAIN
    found = future(here).accuracy(unit)
    if found.models.empty:
        return [
            html.H2(here.say("forecast.score.title"), className="tb-finding"),
            html.P(here.say("forecast.score.none"), className="muted"),
        ]
    chain = here.reads.chain()
    return [
        html.H2(_finding(here, found.models), className="tb-finding"),
        html.P(here.say("forecast.score.lead"), className="muted tb-sub"),
        _models(here, found, unit),
        *_ranges(here, found.horizons),
        *_losing(here, found.losing),
        *_past(here, chain, found.past),
    ]


def _finding(here: Here, models: pd.DataFrame) -> str:
    scores = dict(zip(models["model"], models["wape"], strict=True))
    served, naive = scores.get(SERVED), scores.get(NAIVE)
    if served is None or formats.missing(served):
        return here.say("forecast.score.title")
    said = here.say("forecast.score.finding", share=formats.percent(served))
    if naive is not None and not formats.missing(naive):
        said += here.say("forecast.score.against", share=formats.percent(naive))
    return said + here.say("forecast.say.stop")


def _models(here: Here, found: Accuracy, unit: Unit) -> Component:
    one = unit.level == "store"
    # Of one store neither is known: its days are too few, and models learn from all at once.
    usual = ["usual"] if found.models["coverage"].notna().any() else []
    took = ["seconds"] if found.models["seconds"].notna().any() else []
    heads = ["model", *([] if one else ["stores"]), "missed", *usual, *took]
    rows = [_model(here, row, heads, one=one) for row in records(found.models)]
    return html.Div(html.Table([_head(here, heads), html.Tbody(rows)], className="plain-table"),
                    className="forecast-wide")  # fmt: skip


def _head(here: Here, names: list[str]) -> Component:
    cells = [
        html.Th(
            here.say(f"forecast.score.{name}"),
            className=" ".join(["number"] * (index > 0) + ["desk-only"] * (name in ON_DESK)),
        )
        for index, name in enumerate(names)
    ]
    return html.Thead(html.Tr(cells))


def _model(here: Here, row: dict[str, Any], heads: list[str], *, one: bool) -> Component:
    name = str(row["model"])
    term = here.say("forecast.score.term", wape=_ratio(row["wape"]), wql=_ratio(row["wql"]))
    if one and not formats.missing(row.get("chosen_on")):
        term += f" · {here.say('forecast.score.chosen_on', share=_ratio(row['chosen_on']))}"
    exact = here.say("forecast.score.coverage", share=_ratio(row["coverage"]))
    seconds = row["seconds"]
    took = formats.DASH if formats.missing(seconds) else _time(here, float(seconds))
    shown = {
        "model": html.Td(words.model(here, name)),
        "stores": _number("" if name == SERVED else _count(here, row["stores"])),
        "missed": _number(formats.percent(row["wape"]), term),
        "usual": _number(words.inside(here, row["coverage"]), exact),
        "seconds": _number(took, only="desk-only"),
    }
    marked = {SERVED: "forecast-served", PROPHET: "forecast-prophet"}.get(name, "")
    return html.Tr([shown[head] for head in heads], className=marked)


def _number(text: str, title: str = "", only: str = "") -> Component:
    return html.Td(text, className=f"number {only}".strip(), title=title)


def _count(here: Here, value: Any) -> str:
    return formats.DASH if formats.missing(value) else formats.count_full(float(value), here.lang)


def _ratio(value: Any) -> str:
    return formats.DASH if formats.missing(value) else f"{float(value):.3f}"


def _time(here: Here, seconds: float) -> str:
    if seconds < 60:
        return here.say("forecast.score.time_s", time=f"{seconds:.1f}")
    return here.say("forecast.score.time_min", time=f"{seconds / 60:.1f}")


def _ranges(here: Here, horizons: pd.DataFrame) -> list[Component]:
    """Say how often days fell within the range, near ahead and far."""
    parts = [
        here.say(
            "forecast.score.horizon",
            first=int(row["first"]),
            last=int(row["last"]),
            inside=words.inside(here, row["coverage"]),
        )
        for row in records(horizons)
    ]
    if not parts:
        return []
    said = here.say("forecast.score.horizons", parts=here.say("figures.list.comma").join(parts))
    return [html.P(said, className="muted tb-sub")]


def _losing(here: Here, losing: pd.DataFrame) -> list[Component]:
    if losing.empty:
        return []
    names = store_names(here, here.reads.stores())
    rows = records(losing.head(MOST_LOSING))
    lines = [
        html.Li(
            [
                dcc.Link(
                    names.get(int(row["store_id"]), str(row["store_id"])),
                    href=Asked(Unit("store", int(row["store_id"]))).href(),
                    className="tb-store",
                ),
                html.Span(
                    here.say(
                        "forecast.score.loses",
                        model=words.model(here, str(row["model"])),
                        wape=formats.percent(row["wape"]),
                        naive=formats.percent(row["naive_wape"]),
                    ),
                    className="muted",
                ),
            ]
        )
        for row in rows
    ]
    more = len(losing) - len(rows)
    if more > 0:
        lines.append(html.Li(here.say("forecast.score.losing_more", count=more), className="muted"))
    title = here.say("forecast.score.losing", count=len(losing))
    return [html.H3(title, className="forecast-h3"), html.Ul(lines, className="forecast-losing")]


def _past(here: Here, chain: ChainInfo, past: pd.DataFrame) -> list[Component]:
    if past.empty:
        return []
    changed = bool((past["base"] != past["adjusted"]).any())
    heads = ["month", "forecast", *(["yours"] if changed else []), "came", "missed", "usual"]
    rows = []
    for row in records(past):
        adjusted = words.money(here, chain, row["adjusted"])
        yours = [_number(adjusted, only="desk-only")] if changed else []
        rows.append(
            html.Tr(
                [
                    html.Td(formats.month_name(row["month"], here.lang)),
                    _number(words.money(here, chain, row["base"])),
                    *yours,
                    _number(words.money(here, chain, row["actual"])),
                    _number(formats.percent(row["wape"])),
                    _number(words.inside(here, row["coverage"])),
                ]
            )
        )
    table = html.Table([_head(here, heads), html.Tbody(rows)], className="plain-table")
    title = html.H3(here.say("forecast.score.past"), className="forecast-h3")
    return [title, html.Div(table, className="forecast-wide")]
