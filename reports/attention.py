"""What needs attention: one line each, the same on the board and in a digest."""

from dataclasses import dataclass
from typing import Literal

from chain.words import Param
from figures import formats
from figures.look import Look
from reports.sentence import Says, since_of
from reports.totals import total_amount
from warehouse.reads.protocol import Attention, ChainInfo

Kind = Literal["attention", "missing"]
MOST = 4
"""Lines of one kind; the rest are counted in one more, so that nothing pushes the page down."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line: amber for what wants attention, deep red for money missing.

    ``href`` is a path of the board, ``action`` what is done there.
    """

    kind: Kind
    text: str
    action: str
    href: str
    exact: str = ""
    """What the hover says beside it: dates, and how a range is reckoned."""


def items(
    here: Says,
    chain: ChainInfo,
    found: Attention,
    names: dict[int, str],
    missing: tuple[str, ...] = (),
) -> list[Item]:
    """Return the lines, money first; ``missing`` are platforms whose last day is to come."""
    return [
        *_money(here, chain, found),
        *_files(here, found),
        *_silent(here, chain, found, names),
        *_low(here, chain, found, names),
        *_platforms(here, chain, missing),
    ]


def _item(here: Says, kind: Kind, key: str, href: str, *, exact: str = "", **params: Param) -> Item:
    action = here.say(f"pages.attention.{key}_action")
    return Item(kind, here.say(f"pages.attention.{key}", **params), action, href, exact)


def _money(here: Says, chain: ChainInfo, found: Attention) -> list[Item]:
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


def _files(here: Says, found: Attention) -> list[Item]:
    count = len(found.batches)
    if not count:
        return []
    if count == 1:
        file = str(found.batches.iloc[0]["file_name"])
        return [_item(here, "attention", "file", "/imports", file=file)]
    return [_item(here, "attention", "files", "/imports", count=count)]


def _silent(here: Says, chain: ChainInfo, found: Attention, names: dict[int, str]) -> list[Item]:
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


def _low(here: Says, chain: ChainInfo, found: Attention, names: dict[int, str]) -> list[Item]:
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
        for row in found.low.head(MOST).to_dict("records")
    ]  # fmt: skip
    return lines + _rest(here, "low_rest", len(found.low))


def _rest(here: Says, key: str, count: int) -> list[Item]:
    more = count - MOST
    return [_item(here, "attention", key, "/stores", count=more)] if more > 0 else []


def _platforms(here: Says, chain: ChainInfo, missing: tuple[str, ...]) -> list[Item]:
    if not missing:
        return []
    look = Look(here.lang, dark=False, currency=chain.currency)
    names = formats.listing([look.platform(code) for code in missing], here.lang)
    return [_item(here, "attention", "platform", "/imports", platforms=names)]
