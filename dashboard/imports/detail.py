"""One import, whole: what became of its rows, its totals, its refused rows, what can be done."""

from decimal import Decimal

from dash import html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.imports import words
from dashboard.imports.listing import badge
from dashboard.loose import records
from figures.formats import count_full
from reports.totals import total_amount
from warehouse.reads.protocol import Batch, Page

COUNTS = ("accepted", "skipped", "rejected", "new", "changed", "same")
SHOWN_REJECTS = 50


def detail(here: Here, batch: Batch, rejects: Page, currency: str, zone: str) -> Component:
    """Return the drawer's content."""
    parts = [
        html.Div([badge(here, batch.state), _facts(here, batch, zone)], className="detail-head"),
        _note(here, batch),
        _error(here, batch),
        _counts(here, batch, zone),
        _totals(here, batch, currency),
        _rejects(here, batch, rejects),
    ]
    return html.Div([part for part in parts if part is not None], className="detail")


def _facts(here: Here, batch: Batch, zone: str) -> Component:
    facts = [
        words.source(here.lang, batch.source),
        here.say("dashboard.imports.number", batch=batch.batch_id),
        words.moment(batch.created_at, zone, here.lang),
    ]
    return html.Span(" · ".join(fact for fact in facts if fact), className="muted")


def _note(here: Here, batch: Batch) -> Component | None:
    note = str(batch.options.get("note", ""))
    return html.P(here.say("dashboard.cash.noted", note=note)) if note else None


def _error(here: Here, batch: Batch) -> Component | None:
    if not batch.error_key:
        return None
    sentence = words.reason(here.lang, batch.error_key, batch.error_params)
    return html.Div([icon("warning"), html.P(sentence)], className="detail-error", role="alert")


def _counts(here: Here, batch: Batch, zone: str) -> Component:
    cells = [
        html.Div(
            [
                html.Span(here.say(f"dashboard.imports.count.{name}"), className="muted"),
                html.Strong(
                    count_full(getattr(batch, f"rows_{name}"), here.lang),
                    className="wants" if name == "rejected" and batch.rows_rejected else None,
                ),
            ],
            className="detail-count",
        )
        for name in COUNTS
    ]
    days = (
        words.span(batch.first_at, batch.last_at, zone, here.lang)
        if batch.first_at and batch.last_at
        else ""
    )
    span = html.P(here.say("dashboard.imports.span", days=days) if days else "", className="muted")
    return html.Div([html.Div(cells, className="detail-counts"), span])


def _totals(here: Here, batch: Batch, currency: str) -> Component | None:
    if not batch.totals:
        return None
    head = html.Tr(
        [
            html.Th(here.say(f"dashboard.imports.total.{name}"), className=kind, scope="col")
            for name, kind in (
                ("name", ""),
                ("stated", "number"),
                ("computed", "number"),
                ("residual", "number"),
            )
        ]
    )
    rows = []
    for total in batch.totals:
        name = str(total["name"])
        shown = [
            total_amount(here.lang, name, Decimal(total[part]), currency)
            for part in ("stated", "computed")
        ]
        residual = Decimal(total["residual"])
        left = total_amount(here.lang, name, residual, currency) if residual else "–"
        rows.append(
            html.Tr(
                [
                    html.Td(words.total_name(here.lang, name)),
                    *[html.Td(text, className="number") for text in shown],
                    html.Td(
                        left,
                        className=f"number {'' if total['rounding'] or not residual else 'lacks'}",
                    ),
                ]
            )
        )
    return html.Section(
        [
            html.H3(here.say("dashboard.imports.totals")),
            html.Table([html.Thead(head), html.Tbody(rows)], className="plain-table"),
        ]
    )


def _rejects(here: Here, batch: Batch, rejects: Page) -> Component | None:
    if rejects.total == 0:
        return None
    items = [
        html.Li(
            [
                html.Span(
                    here.say("dashboard.imports.line", line=int(row["line"])),
                    className="reject-line",
                ),
                html.Span(words.reason(here.lang, str(row["reason"]), row["params"])),
                html.Code(str(row["raw"])),
            ]
        )
        for row in records(rejects.rows)
    ]
    download = html.A(
        [icon("download", 18), here.say("dashboard.imports.download")],
        href=f"/imports/{batch.batch_id}/rejects.csv",
        download="",
        className="tb-button",
    )
    more = rejects.total - len(items)
    return html.Section(
        [
            html.Div(
                [
                    html.H3(here.say("dashboard.imports.rejects", count=rejects.total)),
                    download,
                ],
                className="detail-row",
            ),
            html.Ul(items, className="rejects"),
            html.P(
                here.say("dashboard.imports.rejects_more", count=more) if more > 0 else "",
                className="muted",
            ),
        ]
    )
