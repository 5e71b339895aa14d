"""The list of the Tokens page: what each reads, until when, and whether anybody uses it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashboard.components.names import store_names
from dashboard.frame import Board, Here
from dashboard.icons import icon
from dashboard.loose import attributes, records
from figures import formats
from warehouse.directory import tokens
from warehouse.directory.tokens import MARK, Token

HEADS = ("name", "reads", "sees", "used", "ends")


def contents(board: Board, here: Here) -> list[Component]:
    """Return the tokens as a table, or what to do where there is none."""
    found = tokens.tokens(board.warehouse, here.scope)
    if not found:
        words = [icon("link", 32), html.P(here.say("tokens.page.none"))]
        return [html.Div(words, className="empty card")]
    zone = ZoneInfo(here.reads.chain().time_zone)
    regions = {int(row["region_id"]): here.name(row) for row in records(here.reads.regions())}
    stores = store_names(here, here.reads.stores())
    head = [html.Th(here.say(f"tokens.page.{name}"), scope="col") for name in HEADS]
    rows = [_row(here, one, (regions, stores), zone) for one in found]
    table = html.Table(
        [html.Thead(html.Tr([*head, html.Th("")])), html.Tbody(rows)],
        className="imports-table people-table tokens-table",
    )
    return [table]


def _row(
    here: Here, one: Token, names: tuple[dict[int, str], dict[int, str]], zone: ZoneInfo
) -> Component:
    reads = formats.listing(
        [here.say(f"tokens.scope.{scope}").partition(":")[0].partition("：")[0]
         for scope in one.scopes],
        here.lang,
    )  # fmt: skip
    known = html.Span(
        f"{MARK}_{one.prefix}_… · {here.say('tokens.page.by', maker=one.maker)}",
        className="muted people-mail",
    )
    used = _when(here, one.used_at, zone) if one.used_at else here.say("tokens.page.never")
    day = formats.day_year(one.ends_at.astimezone(zone).date(), here.lang)
    over = one.ends_at <= datetime.now(UTC)
    ends = (
        html.Span(here.say("tokens.page.ended", day=day), className="tb-missing") if over else day
    )
    word = here.say("tokens.page.revoke")
    revoke = html.Button(
        word,
        id={"type": "tokens-do", "number": one.token_id},
        className="people-do",
        type="button",
        **attributes(aria_label=f"{word}: {one.name}"),
    )
    return html.Tr(
        [
            html.Td([html.B(one.name), known]),
            html.Td(reads, className="people-sees"),
            html.Td(_sees(here, one, names), className="people-sees"),
            html.Td([_label(here, "used"), used], className="people-seen"),
            html.Td([_label(here, "ends"), ends], className="people-seen"),
            html.Td(html.Div(revoke, className="people-acts"), className="people-doing"),
        ]
    )


def _label(here: Here, name: str) -> Component:
    # Without the table's head, on a phone, a date alone says nothing.
    return html.Span(f"{here.say(f'tokens.page.{name}')} · ", className="phone-only")


def _sees(here: Here, one: Token, names: tuple[dict[int, str], dict[int, str]]) -> str:
    if one.region_ids is None and one.store_ids is None:
        return here.say("tokens.page.whole", maker=one.maker)
    regions, stores = names
    named = [regions.get(number, "") for number in one.region_ids or ()]
    named += [stores.get(number, "") for number in one.store_ids or ()]
    return formats.listing([name for name in named if name], here.lang) or here.say(
        "people.page.nothing"
    )


def _when(here: Here, at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{formats.day(local.date(), here.lang)} {local:%H:%M}"
