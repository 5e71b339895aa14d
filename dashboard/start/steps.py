"""What each step of the guide shows."""

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import storelist
from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.loose import attributes
from dashboard.pages import imports, setup
from figures import formats
from figures.countries import countries, currencies, zones
from warehouse.chains import GUIDE
from warehouse.reads.protocol import ChainInfo

NAMELESS = "Tillboard"
"""What a chain is called until somebody names it."""
FIELDS = ("name", "country", "currency", "time_zone")
QUICK = ("code", "name", "city")


def frame(here: Here, step: str) -> Component:
    """Return the guide with one step open."""
    number = GUIDE.index(step)
    return html.Div(
        [
            dcc.Location(id="start-went", refresh="callback-nav"),
            dcc.Store(id="start-step", data=step),
            _path(here, step),
            html.Section(
                [
                    html.H2(here.say(f"start.{step}.title"), className="tb-finding", id="start-h"),
                    html.P(here.say(f"start.{step}.lead"), className="start-lead"),
                    *STEPS[step](here),
                    _ways(here, step, number),
                ],
                className="card start-card",
                **attributes(aria_labelledby="start-h"),
            ),
        ],
        className="start",
    )


def instead(here: Here) -> Component:
    """Return what the overview of a chain without figures shows while its first run is not over.

    Where nobody has begun that is the guide itself, later the way back into it.
    """
    if here.reads.chain().guide == GUIDE[0]:
        return frame(here, GUIDE[0])
    return html.Div(
        [
            html.H2(here.say("start.open_title"), className="tb-finding"),
            html.P(here.say("start.open")),
            dcc.Link(here.say("start.go"), href="/start", className="button-main"),
        ],
        className="empty card",
    )


def _path(here: Here, step: str) -> Component:
    """Return the list of steps; each can be gone to, and says whether it is done."""
    done = _done(here)
    items = []
    for number, name in enumerate(GUIDE, start=1):
        state = "now" if name == step else "done" if name in done else "open"
        mark: Any = icon("check", 16) if state == "done" else str(number)
        said = [html.Span(here.say("start.is_done"), className="tb-sr")] if state == "done" else []
        link = dcc.Link(
            [html.Span(mark, className="start-mark"), html.Span(here.say(f"start.{name}.step")),
             *said],
            href=f"/start/{name}",
            className=f"start-link start-{state}",
        )  # fmt: skip
        now = attributes(aria_current="step") if state == "now" else {}
        items.append(html.Li(link, **now))
    return html.Nav(
        html.Ol(items, className="start-path"), **attributes(aria_label=here.say("start.path"))
    )


def _done(here: Here) -> frozenset[str]:
    chain = here.reads.chain()
    stores = here.reads.stores()
    some = here.reads.batches(page=0, size=1).total > 0
    named = chain.name != NAMELESS
    states = {
        "chain": named and chain.guide != "chain",
        "stores": not stores[~stores["unassigned"]].empty,
        "files": some,
        "places": some and here.reads.places_unbound().empty,
    }
    return frozenset(name for name, so in states.items() if so)


def _ways(here: Here, step: str, number: int) -> Component:
    """Return the ways on: back, later, further; and out of the guide."""
    further = dmc.Button(
        here.say("start.finish" if step == "done" else "start.next"), id="start-next"
    )
    if step == "chain":
        further = dmc.Button(here.say("start.save"), id="start-save")
    ways: list[Any] = [further]
    if number:
        ways.append(
            dcc.Link(here.say("start.back"), href=f"/start/{GUIDE[number - 1]}",
                     className="button-quiet")
        )  # fmt: skip
    if step == "chain":
        ways.append(dmc.Button(here.say("start.later"), id="start-next", variant="default"))
    if step != "done":
        ways.append(
            html.Button(here.say("start.leave"), id="start-leave", type="button",
                        className="start-leave",
                        title=here.say("start.leave_explained"))
        )  # fmt: skip
    return html.Div(ways, className="start-ways")


def _chain(here: Here) -> list[Component]:
    chain = here.reads.chain()
    fixed = chain.first_day is not None
    values = {
        "name": "" if chain.name == NAMELESS else chain.name,
        "country": chain.country.partition("-")[0],
        "currency": chain.currency,
        "time_zone": chain.time_zone,
    }
    language = html.Div(
        [
            html.Span(here.say("start.field.language"), className="start-label", id="start-tongue"),
            dmc.SegmentedControl(
                id="start-language",
                value=here.lang,
                data=[
                    {"value": "en", "label": "English"},
                    {"value": "zh", "label": "中文"},
                ],
                attributes={"root": {"aria-labelledby": "start-tongue"}},
            ),
        ],
        className="start-language",
    )
    boxes = [_box(here, name, values[name], fixed=fixed) for name in FIELDS]
    return [language, html.Div(boxes, className="map-columns setup-form")]


def _box(here: Here, name: str, value: str, *, fixed: bool) -> Component:
    common: dict[str, Any] = {
        "id": f"start-{name.replace('_', '-')}",
        "label": here.say(f"start.field.{name}"),
        "description": here.say(f"start.about.{name}"),
        "value": value,
        "inputWrapperOrder": ["label", "input", "description", "error"],
    }
    if name == "name":
        return dmc.TextInput(  # type: ignore[no-any-return]
            **common, withAsterisk=True, attributes={"input": {"autoComplete": "organization"}}
        )
    options: list[Any]
    if name == "time_zone":
        options = list(zones())
    elif name == "currency":
        options = _options(currencies(here.lang), coded=True)
    else:
        options = _options(countries(here.lang))
    if fixed and name != "country":
        common |= {"disabled": True, "description": here.say("start.fixed")}
    return dmc.Select(  # type: ignore[no-any-return]
        data=options, searchable=True, allowDeselect=False,
        nothingFoundMessage=here.say("start.nothing"), limit=60, **common,
    )  # fmt: skip


def _options(names: dict[str, str], *, coded: bool = False) -> list[dict[str, str]]:
    return [
        {"value": code, "label": f"{name} ({code})" if coded else name}
        for code, name in names.items()
    ]


def _stores(here: Here) -> list[Component]:
    quick = [
        dmc.TextInput(
            id=f"start-quick-{name}",
            label=here.say(f"dashboard.setup.field.{name}"),
            value="",
            attributes={"input": {"autoComplete": "off"}},
        )
        for name in QUICK
    ]
    return [
        dcc.Store(id="setup-changed", data=0),
        html.H3(here.say("start.stores.by_list")),
        storelist.sender(here),
        html.H3(here.say("start.stores.by_hand")),
        html.Div(
            [
                *quick,
                dmc.Button(here.say("start.stores.add"), id="start-add", variant="light"),
            ],
            className="start-quick",
        ),
        html.Div(stores_there(here), id="start-stores", **attributes(aria_live="polite")),
    ]


def stores_there(here: Here) -> list[Component]:
    """Return the stores that are in, and how many; a sentence where there is none."""
    stores = here.reads.stores()
    count = int((~stores["unassigned"]).sum())
    if not count:
        return [html.P(here.say("start.stores.none"), className="muted")]
    said = html.P(here.say("start.stores.count", count=count), className="start-count")
    return [said, *setup.table(here, "")]


def _files(here: Here) -> list[Component]:
    return [html.Div(imports.parts(here, places=False), className="imports")]


def _places(here: Here) -> list[Component]:
    said = html.P(here.say("start.places.none"), className="start-count")
    none = here.reads.places_unbound().empty
    return [
        *([said] if none else []),
        html.Div(imports.parts(here, places=True), className="imports"),
    ]


def _end(here: Here) -> list[Component]:
    chain = here.reads.chain()
    stores = here.reads.stores()
    unbound = len(here.reads.places_unbound())
    facts = [
        ("stores", str(int((~stores["unassigned"]).sum()))),
        ("files", str(here.reads.batches(page=0, size=1).total)),
        ("until", _until(here, chain)),
        ("unbound", str(unbound)),
    ]
    return [
        html.Dl(
            [
                part
                for name, value in facts
                for part in (html.Dt(here.say(f"start.done.{name}")), html.Dd(value))
            ],
            className="start-facts",
        ),
        html.P(here.say("start.done.nothing"), className="muted")
        if chain.first_day is None
        else html.P(here.say("start.done.more"), className="muted"),
    ]


def _until(here: Here, chain: ChainInfo) -> str:
    return formats.DASH if chain.last_day is None else formats.day_year(chain.last_day, here.lang)


STEPS = {
    "chain": _chain,
    "stores": _stores,
    "files": _files,
    "places": _places,
    "done": _end,
}
