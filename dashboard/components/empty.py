"""What a page shows before there is anything: what it will, and the one button that fills it."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon


def empty(here: Here, key: str, *, href: str = "/imports") -> Component:
    """Return the empty state ``pages.empty.<key>`` with its one button to ``href``.

    Who may not import is told who does.
    """
    button: list[Any] = [icon(href.rpartition("/")[2], 18), here.say(f"pages.empty.{key}_button")]
    step: Component = dcc.Link(button, href=href, className="button-main")
    if href == "/imports" and not here.may("import"):
        # Others may see sales already: of this reader's stores there are none.
        step = html.P(here.say("pages.empty.ask"), className="muted")
    return html.Div(
        [
            html.H2(here.say(f"pages.empty.{key}_title"), className="tb-finding"),
            html.P(here.say(f"pages.empty.{key}")),
            step,
        ],
        className="empty card",
    )
