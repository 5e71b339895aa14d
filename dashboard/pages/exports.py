"""Exports: files that jobs make, how far they are, and their links."""

import dash_mantine_components as dmc
from dash import Dash, Input, Output, dcc, html
from dash.development.base_component import Component
from flask import current_app

from chain.words import say
from dashboard import scheduling
from dashboard.exportjobs import link, within
from dashboard.frame import Board, Here, Page
from dashboard.icons import icon
from dashboard.loose import attributes
from dashboard.upload import megabytes
from figures import formats
from figures.formats import count_full
from warehouse import exports
from warehouse.exports import ExportJob

TICK_MS = 1500
AT_WORK = frozenset({"waiting", "running"})


def page(app: Dash, board: Board) -> Page:
    """Register the page's callback and declare it."""

    @app.callback(
        Output("exports-list", "children"),
        Output("exports-tick", "disabled"),
        Input("exports-tick", "n_intervals"),
    )
    def fill(_ticks: int) -> tuple[list[Component], bool]:
        return listing(board.here(), board)

    scheduling.register(app, board)

    def layout(here: Here, /, **_: str) -> Component:
        rows, over = listing(here, board)
        return html.Div(
            [
                dcc.Interval(id="exports-tick", interval=TICK_MS, disabled=over),
                html.P(
                    here.say("reports.page.lead", hours=board.settings.export_hours),
                    className="muted",
                ),
                html.Div(rows, id="exports-list", **attributes(aria_live="polite")),
                scheduling.section(here, board),
            ],
            className="tb-stack",
        )

    return Page("exports", "/exports", layout, filters=(), right="export")


def listing(here: Here, board: Board) -> tuple[list[Component], bool]:
    """Return the reader's exports, and whether none of them is at work."""
    if not here.may("export"):
        return [html.P(here.say("reports.not_allowed"), className="card")], True
    with board.warehouse.begin(here.scope) as connection:
        jobs = exports.of_person(connection, here.scope.chain_id, here.person.user_id)
    if not jobs:
        words = [icon("download", 32), html.P(here.say("reports.page.none"))]
        return [html.Div(words, className="empty card")], True
    return [_card(here, job) for job in jobs], not any(job.state in AT_WORK for job in jobs)


def _card(here: Here, job: ExportJob) -> Component:
    what = "reports" if job.what == "reports" else job.what.partition(".")[0]
    period = "–".join(job.query.get("period", ()))
    name = job.file_name or f"{here.say(f'reports.name.{what}')} {period}".strip()
    return html.Div(
        [html.Div([html.Span(name, className="imports-name"), _state(here, job)],
                  className="imports-bar-words"), *_bar(job, name)],
        className="card imports-bar",
    )  # fmt: skip


def _state(here: Here, job: ExportJob) -> Component:
    if job.state == "done" and within(job, here):
        key = str(current_app.secret_key)
        size = count_full(megabytes(job.size_bytes), here.lang)
        words: list[Component | str] = [
            icon("download", 18),
            here.say("reports.page.fetch", size=size),
        ]
        # A plain link: a file is no page of the board.
        return html.A(words, href=link(key, here, job.export_id), className="tb-action")
    if job.state == "failed":
        return html.Span(say(here.lang, job.error_key, **job.error_params), className="tb-missing")
    if job.state in AT_WORK:
        done, total = (formats.count_full(each, here.lang) for each in (job.done, job.total))
        key = "reports.page.at" if job.total > 1 else "reports.page.waiting"
        return html.Span(here.say(key, done=done, total=total), className="muted")
    return html.Span(here.say("reports.page.expired"), className="muted")


def _bar(job: ExportJob, name: str) -> list[Component]:
    if job.state not in AT_WORK:
        return []
    share = round(100 * job.done / job.total) if job.total else 0
    return [dmc.Progress(value=share, size="sm", **attributes(aria_label=name))]
