"""What needs attention, as the card that leads to the one thing to do about each."""

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.frame import Here
from dashboard.icons import icon
from reports.attention import Item


def attention_list(here: Here, lines: list[Item]) -> list[Component]:
    """Return the inside of the card."""
    title = html.H2(here.say("pages.attention.title"), className="tb-finding")
    if not lines:
        well = [icon("check", 18), html.Span(here.say("pages.attention.none"))]
        return [title, html.P(well, className="tb-well muted")]
    return [title, html.Ul([_line(line) for line in lines], className="tb-todo")]


def _line(line: Item) -> Component:
    return html.Li(
        [
            html.Span(icon("warning", 18), className=f"tb-{line.kind}"),
            html.Span(line.text, className="tb-attention-text", title=line.exact or None),
            dcc.Link([line.action, icon("right", 16)], href=line.href, className="tb-action"),
        ]
    )
