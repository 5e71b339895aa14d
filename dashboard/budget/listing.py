"""Each channel: what it costs, what it brings, how sure that is, and what would settle it."""

from typing import TYPE_CHECKING

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dashboard.budget.known import Known, channel_name
from dashboard.components.picture import look, picture
from dashboard.frame import Here
from figures import formats
from figures.response import response

if TYPE_CHECKING:
    from advice.marketing import Channel, Note

QUARTER = 13


def sentence(here: Here, found: Known) -> Component:
    """Return what was found, in a sentence."""
    by_health = {
        health: [channel_name(here, c.name) for c in found.response.channels if c.health == health]
        for health in ("clear", "weak", "none")
    }
    parts = [
        here.say(f"budget.head.{health}", names=formats.listing(names, here.lang, most=4))
        for health, names in by_health.items()
        if names
    ]
    return html.P(here.say("budget.head.joint").join(parts), className="tb-sentence")


def cards(here: Here, found: Known, theme: str) -> list[Component]:
    """Return a card a channel, the best known first."""
    order = {"clear": 0, "weak": 1, "none": 2}
    channels = sorted(found.response.channels, key=lambda c: (order[c.health], -c.mean))
    return [_card(here, found, channel, theme) for channel in channels]


def _card(here: Here, found: Known, channel: "Channel", theme: str) -> Component:
    at = [c.name for c in found.response.channels].index(channel.name)
    today = float(found.response.recent[at].sum()) * found.unit
    chain = here.reads.chain()
    name = channel_name(here, channel.name)
    low, high = channel.returns["q0.1"], channel.returns["q0.9"]
    title = here.say(f"budget.card.{channel.health}", name=name)
    said = here.say("budget.card.usual", low=f"{low:.1f}", high=f"{high:.1f}")
    spent = here.say(
        "budget.card.spent",
        amount=formats.money_short(QUARTER * today, chain.currency, here.lang),
    )
    curve = {
        key: [value * found.unit for value in values]
        for key, values in found.response.curve(channel.name).items()
    }
    drawn = response(curve, today, look=look(here, chain, theme), title=title)
    notes = [
        *(note for note in channel.why if note.key != "marketing.why.clear"),
        *([channel.settle] if channel.settle else []),
    ]
    lines = [html.Li(_said(here, note)) for note in notes]
    return html.Div(
        [
            *picture(drawn, f"marketing-curve-{at}", here),
            html.P(
                [
                    dmc.Badge(
                        here.say(f"budget.health.{channel.health}"),
                        variant="light",
                        color="yellow" if channel.health == "none" else "till",
                    ),
                    html.Span(said if channel.health != "none" else "", className="number"),
                    html.Span(spent, className="muted"),
                ],
                className="budget-line",
            ),
            html.Ul(lines, className="budget-why"),
        ],
        className="card tb-6",
    )


def _said(here: Here, note: "Note") -> str:
    params = dict(note.params)
    for key in ("channel", "other"):
        if key in params:
            params[key] = channel_name(here, str(params[key]))
    return here.say(note.key, **params)
