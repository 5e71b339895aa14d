"""The bar under the title that says in words what is shown; each of its words opens a choice.

All of it happens in the browser (``assets/board.js``): the bar, the address and the ``filters``
store always say the same, and a page hears only of a change.
"""

from collections.abc import Sequence
from typing import Any

import dash_mantine_components as dmc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from chain.metrics import METRICS
from dashboard import exportmenu
from dashboard.choice import PERIODS, Choice
from dashboard.frame import FILTERS, Here, Page
from dashboard.icons import icon
from dashboard.loose import as_button, attributes, records

LOCATION = "_pages_location"
"""The ``dcc.Location`` of Dash's pages."""
WORDS = "filter-words"
PARTS = ("period", "region", "city", "metric")


def bar(here: Here, pages: Sequence[Page]) -> Component:
    """Return the bar with what may be chosen, and the stores it works on."""
    words = bar_words(here, pages)
    choice = Choice()
    segments = [
        _segment("period", words["period"][choice.period], _periods(words)),
        html.Span(words["against"][choice.period], id="filter-against", className="bar-against"),
        _segment("region", words["all"]["region"], _boxes("region", words)),
        _segment("city", words["all"]["city"], _boxes("city", words)),
        _segment("metric", words["metric"][choice.metric], _metrics(words)),
    ]
    return html.Div(
        [
            dcc.Store(id=FILTERS, data=choice.data()),
            dcc.Store(id=WORDS, data=words),
            html.Div(
                [*segments, *exportmenu.menu(here)],
                id="filter-bar",
                className="bar",
                role="group",
                **attributes(aria_label=words["name"]),
            ),
        ]
    )


def bar_words(here: Here, pages: Sequence[Page]) -> dict[str, Any]:
    """Return every word the bar and the title may show, for the browser to choose from."""
    regions = records(here.reads.regions())
    cities = records(here.reads.cities())
    shown = [name for name, metric in METRICS.items() if metric.ranks and metric.series]
    return {
        "name": here.say("dashboard.filter.name"),
        "days": {end: here.say(f"dashboard.filter.{end}") for end in ("from", "to")},
        "pages": [
            {
                "key": page.key,
                "path": page.path,
                "title": here.say(f"dashboard.page.{page.key}"),
                "filters": list(page.filters),
            }
            for page in pages
        ],
        "missing": here.say("dashboard.error.404.title"),
        "period": {name: here.say(f"dashboard.period.{name}") for name in PERIODS},
        "against": {name: here.say(f"dashboard.against.{name}") for name in PERIODS}
        | {"custom": here.say("dashboard.against.custom")},
        "region": {str(row["region_id"]): here.name(row) for row in regions},
        "city": {str(row["city"]): here.name(row, "city") for row in cities},
        "metric": {name: METRICS[name].label(here.lang) for name in shown},
        "all": {name: here.say(f"dashboard.filter.all_{name}") for name in ("region", "city")},
        # The browser puts the count in, so the placeholder goes there as it is.
        "some": {
            name: here.say(f"dashboard.filter.some_{name}", count="{count}")
            for name in ("region", "city")
        },
    }


def register(app: Dash) -> None:
    """Tie bar, address and store together."""
    values = [Input(f"filter-{part}", "value") for part in PARTS]
    days = [Input("filter-from", "value"), Input("filter-to", "value")]
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("board", "filters"),
        Output(FILTERS, "data"),
        *[Output(f"filter-{part}", "value") for part in PARTS],
        Output("filter-from", "value"),
        Output("filter-to", "value"),
        *[Output(f"filter-{part}-word", "children") for part in PARTS],
        Output("filter-against", "children"),
        *[Output(f"filter-{part}-segment", "hidden") for part in PARTS],
        Output("filter-bar", "hidden"),
        Output("page-title", "children"),
        Input(LOCATION, "pathname"),
        Input(LOCATION, "search"),
        *values,
        *days,
        State(FILTERS, "data"),
        State(WORDS, "data"),
    )


def _segment(part: str, word: str, content: Component) -> Component:
    target = html.Span([html.Span(word, id=f"filter-{part}-word"), icon("down", 16)])
    popover = dmc.Popover(
        [
            dmc.PopoverTarget(target, boxWrapperProps=as_button("bar-word")),
            dmc.PopoverDropdown(content, className="bar-choice"),
        ],
        position="bottom-start",
        shadow="sm",
        trapFocus=True,
        transitionProps={"duration": 150},
    )
    return html.Span(popover, id=f"filter-{part}-segment", className="bar-segment")


def _radios(part: str, label: str, options: dict[str, str], value: str) -> Component:
    radios = dmc.Stack([dmc.Radio(label=word, value=name) for name, word in options.items()], gap=0)
    return html.Div(
        dmc.RadioGroup(radios, id=f"filter-{part}", value=value, label=label),
        className="bar-radios",
    )


def _periods(words: dict[str, Any]) -> Component:
    named = _radios("period", "", words["period"], Choice().period)
    first, last = (_day(end, words["days"][end]) for end in ("from", "to"))
    days = html.Div([first, html.Span("–", className="bar-dash"), last])
    return html.Div([named, html.Div(days, className="bar-days")])


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
    return _radios("metric", "", words["metric"], Choice().metric)


def _boxes(part: str, words: dict[str, Any]) -> Component:
    boxes = [dmc.Checkbox(label=word, value=name) for name, word in words[part].items()]
    group = dmc.CheckboxGroup(dmc.Stack(boxes, gap=0), id=f"filter-{part}", value=[])
    hint = html.P(words["all"][part], className="bar-hint")
    return html.Div([hint, group], className="bar-radios")
