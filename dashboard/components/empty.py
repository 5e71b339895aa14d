"""What a page shows before there is anything: what it will, and the one button that fills it."""

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon


def empty(here: Here, key: str, *, href: str = "/imports") -> Component:
    """Return the empty state ``pages.empty.<key>`` with its one button to ``href``."""
    button = dmc.Button(
        here.say(f"pages.empty.{key}_button"), size="md", leftSection=icon("imports", 18)
    )
    return html.Div(
        [
            html.H2(here.say(f"pages.empty.{key}_title"), className="tb-finding"),
            html.P(here.say(f"pages.empty.{key}")),
            dcc.Link(button, href=href),
        ],
        className="empty card",
    )
