"""What needs attention: one line each, with the one thing to do about it."""

from dataclasses import dataclass
from typing import Literal

from dash import dcc, html
from dash.development.base_component import Component

from chain.words import Param
from dashboard.components.names import records
from dashboard.components.sentence import since_of
from dashboard.frame import Here
from dashboard.icons import icon
from dashboard.imports.words import total_amount
from figures import formats
from figures.look import Look
from warehouse.reads.protocol import Attention, ChainInfo, Overview

Kind = Literal["attention", "missing"]
MOST = 4
"""Lines of one kind; the rest are counted in one more, so that nothing pushes the page down."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line: amber for what wants attention, deep red for money missing."""

    kind: Kind
    text: str
    action: str
    href: str
    exact: str = ""
    """What the hover says beside it: dates, and how a range is reckoned."""


def items(
    here: Here, chain: ChainInfo, seen: Overview, found: Attention, names: dict[int, str]
) -> list[Item]:
    """Return the lines, money first."""
    return [
        *_money(here, chain, found),
        *_files(here, found),
        *_silent(here, chain, found, names),
        *_low(here, chain, found, names),
        *_platforms(here, chain, seen),
    ]


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


def _item(here: Here, kind: Kind, key: str, href: str, *, exact: str = "", **params: Param) -> Item:
    action = here.say(f"pages.attention.{key}_action")
    return Item(kind, here.say(f"pages.attention.{key}", **params), action, href, exact)


def _money(here: Here, chain: ChainInfo, found: Attention) -> list[Item]:
    lines = []
    if found.unassigned_amount or found.unassigned_places:
        amount = formats.money_short(found.unassigned_amount, chain.currency, here.lang)
        count = found.unassigned_places
        lines.append(
            _item(here, "missing", "unassigned", "/imports#bind", amount=amount, count=count)
        )
    for row in found.residuals.head(MOST).itertuples():
        amount = total_amount(here.lang, str(row.name), abs(row.residual), chain.currency)  # type: ignore[arg-type]
        lines.append(
            _item(here, "missing", "residual", "/imports", file=str(row.file_name), amount=amount)
        )
    for row in found.unconverted.itertuples():
        amount = formats.money_short(row.gross, str(row.currency), here.lang)  # type: ignore[arg-type]
        lines.append(_item(here, "missing", "unconverted", "/imports", amount=amount))
    return lines


def _files(here: Here, found: Attention) -> list[Item]:
    count = len(found.batches)
    if not count:
        return []
    if count == 1:
        file = str(found.batches.iloc[0]["file_name"])
        return [_item(here, "attention", "file", "/imports", file=file)]
    return [_item(here, "attention", "files", "/imports", count=count)]


def _silent(here: Here, chain: ChainInfo, found: Attention, names: dict[int, str]) -> list[Item]:
    lines = [
        _item(
            here, "attention", "silent", f"/store/{store}",
            store=names.get(int(store), str(store)), since=since_of(here, last, chain.today),
            exact=here.say("pages.attention.silent_exact", day=formats.day_year(last, here.lang))
            if last is not None else "",
        )
        for store, last in zip(
            found.silent["store_id"].head(MOST), found.silent["last_day"].head(MOST), strict=True
        )
    ]  # fmt: skip
    return lines + _rest(here, "silent_rest", len(found.silent))


def _low(here: Here, chain: ChainInfo, found: Attention, names: dict[int, str]) -> list[Item]:
    look = Look(here.lang, dark=False, currency=chain.currency)
    lines = [
        _item(
            here, "attention", "low", f"/store/{row['store_id']}",
            store=names.get(int(row["store_id"]), str(row["store_id"])),
            amount=look.shown(row["value"], "money"),
            low=look.shown(max(row["low"], 0), "money"),
            high=look.shown(row["high"], "money"),
            exact=here.say("pages.attention.low_exact", usual=look.full(row["usual"], "money")),
        )
        for row in records(found.low.head(MOST))
    ]  # fmt: skip
    return lines + _rest(here, "low_rest", len(found.low))


def _rest(here: Here, key: str, count: int) -> list[Item]:
    more = count - MOST
    return [_item(here, "attention", key, "/stores", count=more)] if more > 0 else []


def _platforms(here: Here, chain: ChainInfo, seen: Overview) -> list[Item]:
    if not seen.missing:
        return []
    look = Look(here.lang, dark=False, currency=chain.currency)
    names = formats.listing([look.platform(code) for code in seen.missing], here.lang)
    return [_item(here, "attention", "platform", "/imports", platforms=names)]
