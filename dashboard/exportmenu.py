"""The button at the end of the filter bar that takes what is shown along, as a file.

Its links are completed in the browser (``assets/export.js``) with the address that the reader is
at, so that a file always holds what the page shows.
"""

from collections.abc import Mapping

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.loose import as_button, attributes
from reports.contents import TABLES

KINDS = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet"}
PDF = {"pdf": "PDF"}


def menu(here: Here) -> list[Component]:
    """Return the button, for who may export."""
    if not here.may("export"):
        return []
    word = html.Span([icon("download", 16), html.Span(here.say("reports.button.export"))])
    lead = html.P(here.say("reports.button.lead"), className="bar-hint")
    left = set() if "franchise" in here.reads.chain().terms else {"royalties"}
    rows = [
        *(_row(here, what, KINDS) for what in TABLES if what not in left),
        _row(here, "report", PDF),
        _reports(here),
    ]
    popover = dmc.Popover(
        [
            dmc.PopoverTarget(word, boxWrapperProps=as_button("bar-word")),
            dmc.PopoverDropdown([lead, *rows], className="bar-choice"),
        ],
        position="bottom-end",
        shadow="sm",
        trapFocus=True,
        transitionProps={"duration": 150},
    )  # fmt: skip
    return [html.Span(popover, className="bar-export")]


def _reports(here: Here) -> Component:
    """Return the row that has the reports of all stores made, by a job."""
    start = html.Button(
        here.say("reports.button.start"),
        type="button",
        className="export-link export-start",
        value="reports",
    )
    kept = dcc.Link(here.say("reports.button.kept"), href="/exports", className="export-link")
    return html.Div(
        [html.Span(here.say("reports.button.reports")),
         html.Span([start, kept], className="export-kinds")],
        className="export-row export-reports",
    )  # fmt: skip


def _row(here: Here, what: str, kinds: Mapping[str, str]) -> Component:
    name = here.say(f"reports.button.{what}")
    links = [
        html.A(
            shown,
            href=f"/export/{what}.{kind}",
            className="export-link",
            **attributes(aria_label=here.say("reports.button.as", what=name, kind=shown)),
        )
        for kind, shown in kinds.items()
    ]
    return html.Div(
        [html.Span(name), html.Span(links, className="export-kinds")],
        className=f"export-row export-{what}",
    )
