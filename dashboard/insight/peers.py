"""Where a store stands among stores of its kind, whose names stay hidden."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from chain.metrics import METRICS
from dashboard.frame import Here
from dashboard.loose import attributes, records
from figures import formats
from warehouse.reads.explain import FEWEST_PEERS
from warehouse.reads.protocol import ChainInfo, Filters

UNITS = {
    "net_sales": "money",
    "orders": "count",
    "average_ticket": "money",
    "refund_rate": "ratio",
    "merchant_subsidy_rate": "ratio",
    "growth": "ratio",
}


def card(here: Here, filters: Filters, store: int) -> list[Component]:
    """Return the store's place in each measure, on the range where half of its peers are."""
    told = here.reads.standing(filters, store)
    title = html.H2(here.say("insight.peers.title"), className="tb-finding")
    if told.frame.empty:
        key = "few" if told.peers < FEWEST_PEERS else "none"
        text = here.say(f"insight.peers.{key}", count=FEWEST_PEERS)
        return [title, html.P(text, className="muted tb-sub")]
    chain = here.reads.chain()
    span = formats.days(told.period.start, told.period.end, here.lang)
    lead = here.say("insight.peers.lead", count=told.peers, span=span)
    heads = ("measure", "own", "place", "usual")
    head = html.Tr(
        [
            html.Th(here.say(f"insight.peers.{name}"), scope="col", className=f"peer-{name}")
            for name in heads
        ]
    )
    order = {name: at for at, name in enumerate(UNITS)}
    rows = sorted(records(told.frame), key=lambda row: order[row["measure"]])
    body = html.Tbody([_row(here, chain, row) for row in rows])
    return [
        title,
        html.P(lead, className="muted tb-sub"),
        html.Table([html.Thead(head), body], className="peers"),
        html.P(here.say("insight.peers.hidden"), className="muted tb-sub"),
    ]


def _row(here: Here, chain: ChainInfo, row: dict[str, Any]) -> Component:
    name, unit = row["measure"], UNITS[row["measure"]]

    def shown(value: float) -> str:
        if name == "growth" and not formats.missing(value):
            return ("+" if value >= 0 else "−") + formats.percent(abs(value))
        return formats.figure(value, unit, chain.currency, here.lang)

    own = row["own"]
    place = "–"
    if not formats.missing(row["rank"]):
        place = here.say("insight.peers.of", rank=int(row["rank"]), of=int(row["of"]))
    usual = here.say("insight.peers.between", low=shown(row["low"]), high=shown(row["high"]))
    return html.Tr(
        [
            html.Th(_label(here, name), scope="row"),
            html.Td(shown(own), className="peer-own"),
            html.Td(place, className="peer-place"),
            html.Td([_bar(row), html.Span(usual)], className="peer-usual"),
        ]
    )


def _label(here: Here, name: str) -> str:
    if name in {"net_sales", "orders"}:
        return here.say("insight.peers.a_day", metric=METRICS[name].label(here.lang))
    return here.say("insight.peers.growth") if name == "growth" else METRICS[name].label(here.lang)


def _bar(row: dict[str, Any]) -> Component:
    """Return a line with the middle half of the peers on it, and where this store is."""
    low, high, own = float(row["low"]), float(row["high"]), float(row["own"])
    half = max(high - low, abs(high) * 0.02, 1e-9)
    left, right = low - half, high + half
    inside: list[Component] = [html.I(style={"left": "33.3%", "width": "33.4%"})]
    if not formats.missing(own):
        at = min(max((own - left) / (right - left), 0.0), 1.0)
        inside.append(html.B(style={"left": f"{at:.1%}"}))
    return html.Span(inside, className="peer-bar", **attributes(aria_hidden="true"))
