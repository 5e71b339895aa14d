"""The files that came in: a line of words, what is being read now, and the table."""

from typing import Any

import dash_mantine_components as dmc
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.imports import words
from dashboard.loose import attributes, records
from figures.formats import count_full
from warehouse.reads.protocol import Attention, Page

PAGE_SIZE = 25


def sentence(here: Here, total: int, attention: Attention) -> str:
    """Return what the page has to say first."""
    if total == 0:
        return here.say("dashboard.imports.none_yet")
    trouble = len(attention.batches)
    said = here.say("dashboard.imports.sentence", count=count_full(total, here.lang))
    parts = [said]
    if trouble:
        parts.append(here.say("dashboard.imports.sentence_trouble", count=trouble))
    if attention.unassigned_places:
        places = attention.unassigned_places
        parts.append(here.say("dashboard.imports.sentence_places", count=places))
    if len(parts) == 1:
        parts.append(here.say("dashboard.imports.sentence_fine"))
    return ("" if here.lang == "zh" else " ").join(parts)


def at_work(here: Here, rows: pd.DataFrame) -> list[Component]:
    """Return a bar for each import that is at work (at most eight, and how many more)."""
    bars = [_bar(here, row) for row in records(rows.head(8))]
    if len(rows) > len(bars):
        more = here.say("dashboard.imports.more_waiting", count=len(rows) - len(bars))
        bars.append(html.P(more, className="muted imports-more"))
    return bars


def _bar(here: Here, row: dict[str, Any]) -> Component:
    share = round(float(row["progress"]) * 100)
    accepted = float(row["rows_accepted"])
    rows = here.say("dashboard.imports.rows", count=count_full(accepted, here.lang))
    state = words.state(here.lang, str(row["state"]))
    name = str(row["file_name"])
    return html.Div(
        [
            html.Div(
                [
                    html.Span(name, className="imports-name"),
                    html.Span(f"{state} · {rows}" if accepted else state, className="muted"),
                ],
                className="imports-bar-words",
            ),
            dmc.Progress(value=share, size="sm", **attributes(aria_label=name)),
        ],
        className="imports-bar",
    )


def table(here: Here, page: Page, zone: str) -> Component:
    """Return the table of batches; each row opens its details."""
    if page.total == 0:
        return html.Div(
            [icon("file", 32), html.P(here.say("dashboard.imports.empty"))], className="empty"
        )
    heads = ("file", "state", "accepted", "skipped", "rejected", "news", "residual", "at")
    wide = {"skipped", "news", "residual"}
    head = html.Tr(
        [
            html.Th(
                here.say(f"dashboard.imports.head.{name}"),
                className=_cell(name, name in wide),
                scope="col",
            )
            for name in heads
        ]
    )
    rows = [_row(here, row, zone) for row in records(page.rows)]
    return html.Table([html.Thead(head), html.Tbody(rows)], className="imports-table")


def _cell(name: str, wide: bool) -> str:
    number = "number" if name not in {"file", "state"} else ""
    return f"{number} {'desk-only' if wide else ''} imports-{name}".strip()


def _row(here: Here, row: dict[str, Any], zone: str) -> Component:
    lang = here.lang

    def number(name: str) -> str:
        return count_full(float(row[name]), lang)

    news = f"{number('rows_new')} / {number('rows_changed')} / {number('rows_same')}"
    rejected = int(row["rows_rejected"])
    name = html.Button(
        str(row["file_name"]),
        className="imports-open",
        type="button",
        # Read by assets/upload.js: a table that is drawn anew while an import runs must not fire.
        **attributes(data_batch=str(row["batch_id"])),
    )
    kind = html.Span(words.source(lang, str(row["source"])), className="muted imports-kind")
    residual = int(row["residual"])
    left = here.say("dashboard.imports.differs") if residual else "–"
    return html.Tr(
        [
            html.Td([name, kind], className="imports-file"),
            html.Td(badge(here, str(row["state"])), className="imports-state"),
            html.Td(
                [number("rows_accepted"), html.Span(_short(here, row), className="phone-only")],
                className="number imports-accepted",
            ),
            html.Td(number("rows_skipped"), className="number desk-only"),
            html.Td(
                number("rows_rejected"),
                className=f"number imports-rejected {'wants' if rejected else ''}",
            ),
            html.Td(news, className="number desk-only"),
            html.Td(left, className=f"number desk-only {'lacks' if residual else ''}"),
            html.Td(
                words.moment(row["created_at"], zone, lang),
                className="number imports-at",
                title=words.moment_full(row["created_at"], zone, lang),
            ),
        ]
    )


def _short(here: Here, row: dict[str, Any]) -> str:
    """Return what a phone says after the number: the unit, what was left out, what differs."""
    rejected = int(row["rows_rejected"])
    said = [here.say("dashboard.imports.unit", count=int(row["rows_accepted"]))]
    if rejected:
        said.append(here.say("dashboard.imports.left_out", count=count_full(rejected, here.lang)))
    if int(row["residual"]):
        said.append(here.say("dashboard.imports.totals_differ"))
    return " · ".join(said)


def badge(here: Here, state: str) -> Component:
    """Return the state as a small label; amber and red only where a person must act."""
    return html.Span(words.state(here.lang, state), className=f"badge badge-{state}")
