"""The suggestions: a sentence, the table of them, and up to four side by side."""

from collections.abc import Sequence
from typing import Any

from dash import html
from dash.development.base_component import Component

from chain.words import say
from dashboard.loose import attributes
from figures import formats
from reports.site_words import Row, SiteWords, losses_of

LOSSES = 3
COMPARED = 4


def sentence(shown: SiteWords) -> str:
    """Return what is advised in words, or how far it is."""
    sites = shown.sites
    if sites.state in {"waiting", "running"}:
        return shown.say(f"page.step_{sites.step or 'waiting'}")
    if sites.state == "failed":
        return say(shown.lang, sites.error_key, **sites.error_params)
    if not sites.ready:
        return shown.say("page.nothing")
    if not sites.suggestions:
        return shown.say("page.none_pays")
    best = sites.suggestions[0]
    key = "page.best" if best["rank"] is not None else "page.best_no_order"
    first = shown.say(
        key,
        name=shown.name(best),
        low=shown.money(best["revenue_low"]),
        high=shown.money(best["revenue_high"]),
        gain=shown.money(best["net_gain"]),
        count=len(sites.suggestions),
    )
    return ("" if shown.lang == "zh" else " ").join([first, shown.error()])


def table(shown: SiteWords) -> list[Component]:
    """Return the suggestions, the best first, each with its range, losses, pay-back and error."""
    rows = shown.sites.suggestions
    if not rows:
        return []
    heads = ("place", "revenue", "loss", "gain", "pay_back", "missed")
    head = html.Tr([html.Th(shown.say(f"head.{name}"), scope="col") for name in heads])
    said = shown.notes(_about_order(shown))
    parts: list[Component] = [
        html.H2(shown.say("page.suggestions"), className="tb-finding"),
        *(html.P(text, className="muted tb-sub") for text in said),
        html.Div(
            html.Table(
                [html.Thead(head), html.Tbody([_row(shown, row) for row in rows])],
                className="plain-table sites-table",
            ),
            className="sites-wide",
        ),
    ]
    return parts


def _about_order(shown: SiteWords) -> list[dict[str, Any]]:
    kept = ("sites.note.no_order", "sites.note.level", "sites.note.shortlist")
    return [one for one in shown.sites.detail.get("notes", ()) if one["key"].startswith(kept)]


def _row(shown: SiteWords, row: Row) -> Component:
    rank = "" if row["rank"] is None else f"{row['rank']}. "
    case = html.A(
        shown.say("page.case"),
        href=f"/locations/case.pdf?site={row['number']}",
        className="tb-action",
        **attributes(aria_label=f"{shown.say('page.case')}: {shown.name(row)}"),
    )
    why = html.Details(
        [html.Summary(shown.say("page.why"), className="tb-action"), *reasons(shown, row)]
    )
    name: list[Component] = [html.B(f"{rank}{shown.name(row)}")]
    if row["chosen"]:
        name.append(html.Span(shown.say("page.chosen"), className="sites-chosen"))
    cells = (
        ("place", [html.Div(name), why, case]),
        ("revenue", shown.between(row)),
        ("loss", losses(shown, row)),
        ("gain", [html.B(shown.money(row["net_gain"])), html.Div(shown.between(row, "net"),
                                                               className="muted")]),
        ("pay_back", shown.pay_back(row)),
        ("missed", formats.percent(row["error"])),
    )  # fmt: skip
    return html.Tr([_cell(shown, name, inside) for name, inside in cells])


def _cell(shown: SiteWords, name: str, inside: Any) -> Component:
    # A phone has no head above the column, so each cell brings its own.
    label = html.Span(shown.say(f"head.{name}"), className="sites-label")
    return html.Td([label, html.Div(inside)])


def losses(shown: SiteWords, row: Row) -> list[Component]:
    """Return what each sister would lose, the most first; the rest as one."""
    found = losses_of(row)
    if not found:
        return [html.Div(shown.say("page.no_loss"))]
    lines: list[Component] = [
        html.Div(f"{shown.store(store)} −{shown.money(loss)}") for store, loss in found[:LOSSES]
    ]
    if rest := found[LOSSES:]:
        lost = shown.money(sum(loss for _, loss in rest))
        lines.append(html.Div(shown.say("page.others", count=len(rest), lost=lost)))
    return lines


def reasons(shown: SiteWords, row: Row) -> list[Component]:
    """Return why here, and what to look at on the spot."""
    rent = [shown.say("page.usual_rent", rent=shown.money(row["rent"]))] if _usual(row) else []
    return [
        html.Ul([html.Li(text) for text in [*shown.notes(row["reasons"]), *rent]]),
        html.H4(shown.say("page.checks")),
        html.Ul([html.Li(text) for text in shown.notes(row["checks"])]),
    ]


def _usual(row: Row) -> bool:
    return bool(row.get("proposed")) and row["rent"] is not None


def compared(shown: SiteWords, rows: Sequence[Row]) -> list[Component]:
    """Return up to four places side by side, a column each."""
    if not rows:
        return [html.P(shown.say("page.compare_hint"), className="muted")]
    heads = [html.Th(""), *(html.Th(shown.name(row), scope="col") for row in rows)]
    lines = (
        ("revenue", [shown.between(row) for row in rows]),
        ("loss", [losses(shown, row) for row in rows]),
        ("gain", [shown.money(row["net_gain"]) for row in rows]),
        ("pay_back", [shown.pay_back(row) for row in rows]),
        ("rent", [shown.money(row["rent"]) for row in rows]),
        ("twin", [shown.store(str(row["twin"])) for row in rows]),
        ("missed", [formats.percent(row["error"]) for row in rows]),
        ("why", [html.Ul([html.Li(text) for text in shown.notes(row["reasons"])]) for row in rows]),
    )
    body = [
        html.Tr([html.Th(shown.say(f"head.{name}"), scope="row"), *map(html.Td, cells)])
        for name, cells in lines
    ]
    table_ = html.Table([html.Thead(html.Tr(heads)), html.Tbody(body)], className="plain-table")
    return [html.Div(table_, className="sites-wide")]


def pinned(shown: SiteWords, row: Row) -> list[Component]:
    """Return the answer to a pin."""
    facts = (
        ("revenue", shown.between(row)),
        ("loss", losses(shown, row)),
        ("gain", shown.money(row["net_gain"])),
        ("pay_back", shown.pay_back(row)),
    )
    case = f"/locations/case.pdf?lat={row['lat']:.5f}&lon={row['lon']:.5f}"
    return [
        html.H3(shown.say("page.pinned", name=str(row["name"]))),
        html.Dl([part for name, inside in facts
                 for part in (html.Dt(shown.say(f"head.{name}")), html.Dd(inside))]),
        html.P(shown.error(), className="muted"),
        html.Details([html.Summary(shown.say("page.why"), className="tb-action"),
                      *reasons(shown, row)]),
        html.A(shown.say("page.case"), href=case, className="tb-action"),
    ]  # fmt: skip
