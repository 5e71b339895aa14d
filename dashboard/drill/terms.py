"""The terms of a figure, added up and divided before the reader's eyes."""

from collections.abc import Sequence
from dataclasses import replace

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components.sentence import paragraph
from dashboard.drill.asked import COUNTED, Asked
from figures import formats
from reports.sentence import against, than_of
from warehouse.reads.parts_protocol import Part

METRIC_OF = {
    "gross": "gross_sales",
    "refund": "refunds",
    "orders": "orders",
    "vat": "vat",
    "franchised": "franchise_sales",
    "royalty": "royalty",
    "net_sales_of_chain": "",
    "days_without": "",
}
"""The metric that a term is itself, where it is one: it opens in its turn."""
OWN = ("area_sqm", "payers", "payers_again", "net_sales_of_chain", "net_sales_before")


def head(asked: Asked) -> Component:
    """Return the sentence that says the figure."""
    here, made = asked.here, asked.made
    periods = asked.filters.period, asked.filters.before
    values = made.value, made.value_before
    said = [against(here, asked.chain, asked.metric, values, periods)]
    meaning = html.P(asked.metric.sentence(here.lang), className="muted tb-sub")
    return html.Div([paragraph(said, here.lang), meaning], className="tb-head")


def table(asked: Asked) -> list[Component]:
    """Return the terms as a table: what is added, what is taken away, what it is divided by."""
    here, made, metric = asked.here, asked.made, asked.metric
    rows = [_row(asked, part) for part in made.top]
    if len(made.top) > 1 and made.over:
        rows.append(_subtotal(asked, made.top))
    if made.over:
        rows.append(_divided(here.say("made_of.over")))
        rows += [_row(asked, part) for part in made.over]
        if len(made.over) > 1:
            rows.append(_subtotal(asked, made.over))
    if made.growth:
        rows.append(_divided(here.say("made_of.less_one")))
    label = html.Th(metric.label(here.lang), scope="row")
    rows.append(
        html.Tr(
            [label, *_cells(asked, (made.value, made.value_before), metric.unit)],
            className="drill-result",
        )
    )
    title = html.H2(
        here.say("made_of.terms", metric=metric.label(here.lang)), className="tb-finding"
    )
    sums = html.Table([_columns(asked), html.Tbody(rows)], className="drill-terms")
    return [title, html.Div(sums, className="drill-scroll")]


def _columns(asked: Asked) -> Component:
    here, filters = asked.here, asked.filters
    span = formats.days(filters.period.start, filters.period.end, here.lang)
    heads: list[Component] = [html.Th(""), html.Th(span, scope="col")]
    if _compared(asked):
        than = than_of(here, filters.period, filters.before)
        heads += [
            html.Th(than, scope="col", className="drill-before"),
            html.Th(here.say("made_of.change"), scope="col"),
        ]
    return html.Thead(html.Tr(heads))


def _compared(asked: Asked) -> bool:
    """Return whether there is a column of before: a growth has both periods in its terms."""
    return not asked.filters.alone and not asked.made.growth


def _row(asked: Asked, part: Part) -> Component:
    unit = "area" if part.name == "area_sqm" else "count" if part.name in COUNTED else "money"
    sign = "−\u2009" if part.sign < 0 else ""
    word = part_word(asked, part.name)
    metric = METRIC_OF.get(part.name)
    if metric and metric != asked.choice.metric:
        href = replace(asked.choice, metric=metric).made_of()
        name: Component | str = dcc.Link(word, href=href, className="drill-open")
    else:
        name = word
    return html.Tr(
        [html.Th([sign, name], scope="row"), *_cells(asked, (part.now, part.before), unit)]
    )


def part_word(asked: Asked, name: str) -> str:
    """Return what a term is called."""
    section = "made_of.part" if name in OWN else "reports.column"
    return asked.here.say(f"{section}.{name}")


def _subtotal(asked: Asked, parts: Sequence[Part]) -> Component:
    now, before = (
        None
        if any(getattr(part, side) is None for part in parts)
        else sum(part.sign * getattr(part, side) for part in parts)
        for side in ("now", "before")
    )
    word = asked.here.say("made_of.together")
    if {part.name for part in parts} == {"gross", "merchant_subsidy", "refund"}:
        word = asked.here.say("metrics.net_sales.label")
    label = html.Th(["=\u2009", word], scope="row")
    return html.Tr([label, *_cells(asked, (now, before), "money")], className="drill-subtotal")


def _divided(word: str) -> Component:
    return html.Tr(html.Th(word, scope="row", colSpan=4), className="drill-divided")


def _cells(asked: Asked, values: tuple[float | None, float | None], unit: str) -> list[Component]:
    now, before = values
    cells: list[Component] = [html.Td(_shown(asked, now, unit), className="number")]
    if not _compared(asked):
        return cells
    compared = "count" if unit == "area" else unit
    change, _ = formats.change(now, before, compared, asked.chain.currency, asked.here.lang)
    return [
        *cells,
        html.Td(_shown(asked, before, unit), className="number muted drill-before"),
        html.Td(change, className="number"),
    ]


def _shown(asked: Asked, value: float | None, unit: str) -> str:
    if unit == "area":
        return formats.DASH if value is None else f"{value:g}\u00a0m²"
    return formats.figure_full(value, unit, asked.chain.currency, asked.here.lang)
