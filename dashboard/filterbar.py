"""The bar under the title that says in words what is shown; each of its words opens a choice.

All of it happens in the browser (``assets/board.js``): the bar, the address and the ``filters``
store always say the same, and a page hears only of a change. Of a link that names what is not
known to the reader the rest is shown, and the bar says so.
"""

from collections.abc import Sequence
from typing import Any, Literal

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from chain.metrics import shown
from chain.terms import Ownership, terms_at
from chain.words import catalogue
from dashboard import exportmenu
from dashboard.choice import (
    AGAINST,
    FISCAL,
    LONGEST,
    MOST_STORES,
    OWNERSHIP,
    PERIODS,
    UNKNOWN,
    Choice,
)
from dashboard.components.names import store_names
from dashboard.frame import ALL_FILTERS, FILTERS, Here, Page
from dashboard.icons import icon
from dashboard.loose import as_button, attributes, records
from figures.look import Look

LOCATION = "_pages_location"
"""The ``dcc.Location`` of Dash's pages."""
WORDS = "filter-words"
PARTS = ALL_FILTERS
WHERE = ("region", "city", "ownership", "store", "platform", "channel")
"""What narrows; each may be several, and nothing chosen is all of them."""
DAYS = ("from", "to", "against-from", "against-to")
FIRST_METRICS = (
    "net_sales", "net_sales_ex_vat", "orders", "average_ticket", "refund_rate", "fee_rate",
)  # fmt: skip
"""What is asked for most; the rest is behind one line, so that nobody reads through fifteen."""
CHOICE = "bar-choice"
LISTED = 50
"""Stores in the list at once; the rest are found by typing."""
NOTES = ("unknown", "store", "long", "uneven")


def bar(here: Here, pages: Sequence[Page]) -> Component:
    """Return the bar with what may be chosen, and the stores it works on."""
    words = bar_words(here, pages)
    choice = Choice()
    contents = {
        "period": (words["period"][choice.period], _periods(words)),
        "against": (words["against"]["weeks"][choice.period], _comparisons(words)),
        "store": (words["all"]["store"], _stores(here, words)),
        "metric": (words["metric"][choice.metric], _metrics(words)),
    } | {
        part: (words["all"][part], _boxes(part, words))
        for part in ("region", "city", "ownership", "platform", "channel")
    }
    more = html.Button(
        [icon("filter", 16), here.say("dashboard.filter.more")],
        type="button",
        className="bar-word bar-more",
        **attributes(aria_expanded="false", aria_controls="filter-bar"),
    )
    # What this chain has no choice of is not there from the start, so that the bar does not shrink.
    segments = [
        _segment(part, *contents[part], hidden=part == "ownership" and not words[part])
        for part in PARTS
    ]
    return html.Div(
        [
            dcc.Store(id=FILTERS, data=choice.data()),
            dcc.Store(id=WORDS, data=words),
            html.Div(
                [*segments, more, *exportmenu.menu(here), _note()],
                id="filter-bar",
                className="bar",
                role="group",
                **attributes(aria_label=words["name"]),
            ),
        ]
    )


def bar_words(here: Here, pages: Sequence[Page]) -> dict[str, Any]:
    """Return every word the bar and the title may show, for the browser to choose from."""
    look = Look(here.lang, dark=False, currency="")
    chain = here.reads.chain()
    known = shown(chain.terms)
    regions, cities = records(here.reads.regions()), records(here.reads.cities())
    ends = {"first": str(chain.first_day or ""), "last": str(chain.last_day or "")}
    periods = PERIODS if chain.fiscal.plain else (*PERIODS, *FISCAL)
    weeks = {name: here.say(f"dashboard.against.{name}") for name in (*periods, "custom")}
    return {
        "name": here.say("dashboard.filter.name"),
        "days": {end: here.say(f"dashboard.filter.{end}") for end in ("from", "to")},
        "pages": [_page_words(here, page) for page in pages],
        "missing": here.say("dashboard.error.404.title"),
        "period": {name: here.say(f"dashboard.period.{name}") for name in periods},
        "against": {
            "weeks": weeks,
            "year": here.say("dashboard.against.year_before"),
            "none": here.say("dashboard.against.nothing"),
            # The browser puts the days in, so the placeholder goes there as it is.
            "own": here.say("dashboard.against.own", days="{days}"),
        },
        "comparisons": {name: here.say(f"dashboard.filter.against_{name}") for name in AGAINST},
        "region": {str(row["region_id"]): here.name(row) for row in regions},
        "city": {str(row["city"]): here.name(row, "city") for row in cities},
        "ownership": {name: here.say(f"dashboard.ownership.{name}") for name in owners(here)},
        "platform": {code: look.platform(code) for code in here.reads.platforms()},
        "channel": {code or UNKNOWN: channel_name(here, code) for code in here.reads.channels()},
        "metric": {name: metric.label(here.lang) for name, metric in known.items()},
        "metrics": [name for name, one in known.items() if one.ranks and one.series],
        "first": FIRST_METRICS,
        "more_metrics": here.say("dashboard.filter.more_metrics"),
        "all": {name: here.say(f"dashboard.filter.all_{name}") for name in WHERE},
        "some": {
            name: here.say(f"dashboard.filter.some_{name}", count="{count}") for name in WHERE
        },
        "notes": {name: here.say(f"dashboard.filter.note_{name}", **ends) for name in NOTES},
        "longest": LONGEST,
        "most": MOST_STORES,
    }


def owners(here: Here) -> tuple[Ownership, ...]:
    """Return whose stores there are today; nothing where all are of one kind."""
    if "franchise" not in here.reads.chain().terms:
        return ()
    stores, terms = here.reads.stores(), here.reads.store_terms()
    today = here.reads.chain().today
    shown = stores["store_id"][~stores["unassigned"].astype(bool)]
    held = {terms_at(terms, int(store), today).ownership for store in shown}
    return OWNERSHIP if len(held) > 1 else ()


def channel_name(here: Here, code: str) -> str:
    """Return the name of a channel; a code we have no word for is shown as it is."""
    return catalogue(here.lang).get(f"dashboard.channel.{code or UNKNOWN}") or code


def register(app: Dash) -> None:
    """Tie bar, address and store together."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "filters"),
        Output(FILTERS, "data"),
        *[Output(f"filter-{part}", "value") for part in PARTS],
        *[Output(f"filter-{end}", "value") for end in DAYS],
        *[Output(f"filter-{part}-word", "children") for part in PARTS],
        *[Output(f"filter-{part}-segment", "hidden") for part in PARTS],
        *[Output(f"filter-{part}-segment", "className") for part in PARTS],
        # Dash mounts what is in a list that opens with what it knew when the list itself was drawn,
        # unless the list has been told of something since.
        *[Output(f"filter-{part}-choice", "className") for part in PARTS],
        Output("filter-metric-rest", "open"),
        Output("filter-note", "children"),
        Output("filter-bar", "hidden"),
        Output("page-title", "children"),
        Input(LOCATION, "pathname"),
        Input(LOCATION, "search"),
        *[Input(f"filter-{part}", "value") for part in PARTS],
        *[Input(f"filter-{end}", "value") for end in DAYS],
        State(FILTERS, "data"),
        State(WORDS, "data"),
        State("filter-store", "data"),
    )


def _page_words(here: Here, page: Page) -> dict[str, Any]:
    return {
        "key": page.key,
        "path": page.path,
        "title": here.say(f"dashboard.page.{page.key}"),
        "filters": list(page.filters),
        "every": page.every_metric,
    }


def _note() -> Component:
    return html.Div(id="filter-note", className="bar-note", role="status")


def _segment(part: str, word: str, content: Component, *, hidden: bool) -> Component:
    target = html.Span([html.Span(word, id=f"filter-{part}-word"), icon("down", 16)])
    popover = dmc.Popover(
        [
            dmc.PopoverTarget(target, boxWrapperProps=as_button("bar-word")),
            dmc.PopoverDropdown(content, id=f"filter-{part}-choice", className=CHOICE),
        ],
        position="bottom-start",
        shadow="sm",
        trapFocus=True,
        transitionProps={"duration": 150},
    )
    return html.Span(popover, id=f"filter-{part}-segment", className="bar-segment", hidden=hidden)


def _radios(part: str, options: dict[str, str], value: str) -> Component:
    return _radio_group(part, [_stack("radio", list(options), options)], value)


def _radio_group(part: str, options: list[Component], value: str) -> Component:
    group = dmc.RadioGroup(options, id=f"filter-{part}", value=value, label="")
    return html.Div(group, className="bar-radios")


def _stack(kind: Literal["radio", "box"], names: Sequence[str], words: dict[str, str]) -> Component:
    one = dmc.Radio if kind == "radio" else dmc.Checkbox
    return dmc.Stack([one(label=words[name], value=name) for name in names], gap=0)  # type: ignore[no-any-return]


def _periods(words: dict[str, Any]) -> Component:
    named = _radios("period", words["period"], Choice().period)
    return html.Div([named, _own_days("", words)])


def _comparisons(words: dict[str, Any]) -> Component:
    named = _radios("against", words["comparisons"], Choice().against)
    return html.Div([named, _own_days("against-", words)])


def _own_days(part: str, words: dict[str, Any]) -> Component:
    first, last = (_day(f"{part}{end}", words["days"][end]) for end in ("from", "to"))
    days = html.Div([first, html.Span("–", className="bar-dash"), last])
    return html.Div(days, className="bar-days")


def _day(name: str, label: str) -> Component:
    # The browser's own date field: it speaks the reader's language and suits a phone.
    return html.Span(
        dmc.TextInput(
            id=f"filter-{name}",
            value="",
            size="xs",
            debounce=400,
            attributes={"input": {"type": "date", "aria-label": label}},
        ),
        className="bar-day",
    )


def _metrics(words: dict[str, Any]) -> Component:
    first = [name for name in FIRST_METRICS if name in words["metrics"]]
    rest = [name for name in words["metrics"] if name not in FIRST_METRICS]
    more = html.Details(
        [html.Summary(words["more_metrics"]), _stack("radio", rest, words["metric"])],
        id="filter-metric-rest",
        className="bar-rest",
    )
    return _radio_group("metric", [_stack("radio", first, words["metric"]), more], Choice().metric)


def _boxes(part: str, words: dict[str, Any]) -> Component:
    boxes = _stack("box", list(words[part]), words[part])
    group = dmc.CheckboxGroup(boxes, id=f"filter-{part}", value=[])
    hint = html.P(words["all"][part], className="bar-hint")
    return html.Div([hint, group], className="bar-radios")


def _stores(here: Here, words: dict[str, Any]) -> Component:
    """Return the choice of stores: a thousand are found by typing, not looked through.

    The list is in the popover itself, as a click into one of its own would close the popover.
    """
    rows = here.reads.stores()
    names = store_names(here, rows)
    options = [
        {
            "value": str(row["store_id"]),
            "label": names[int(row["store_id"])],
            "search": f"{row['code']} {row['sort_key']}",
        }
        for row in records(rows)
    ]
    chooser = dmc.MultiSelect(
        id="filter-store",
        data=options,
        value=[],
        searchable=True,
        clearable=True,
        hidePickedOptions=True,
        limit=LISTED,
        maxValues=MOST_STORES,
        maxDropdownHeight=260,
        filter={"function": "storesFound"},
        placeholder=here.say("dashboard.filter.find_store"),
        nothingFoundMessage=here.say("dashboard.filter.no_store"),
        comboboxProps={"withinPortal": False},
        attributes={"input": {"aria-label": words["all"]["store"]}},
        className="bar-stores",
    )
    return html.Div([html.P(words["all"]["store"], className="bar-hint"), chooser])
