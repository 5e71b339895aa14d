"""The lists of the People page: who is in, and who is invited."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashboard.components.names import store_names
from dashboard.frame import Board, Here
from dashboard.loose import attributes, records
from figures import formats
from reports.mail import mail_server
from warehouse.directory import links, members
from warehouse.directory.links import Invited
from warehouse.directory.members import Member, Place


def sentence(here: Here, people: list[Member], invited: list[Invited]) -> str:
    """Return how many there are."""
    said = here.say("people.page.said", count=len(people))
    if not invited:
        return said
    waiting = here.say("people.page.waiting", count=len(invited))
    return f"{said}{waiting}" if here.lang == "zh" else f"{said} {waiting}"


def contents(board: Board, here: Here) -> list[Component]:
    """Return the sentence and both lists."""
    people = members.members(board.warehouse, here.scope)
    invited = links.invitations(board.warehouse, here.scope)
    zone = ZoneInfo(here.reads.chain().time_zone)
    names = _names(here)
    heads = [here.say(f"people.page.{name}") for name in ("name", "role", "sees", "seen")]
    by_mail = mail_server(board.settings) is not None
    shown: list[Component] = [
        html.P(sentence(here, people, invited), className="lead"),
        _table(heads, [_person(here, each, names, zone) for each in people]),
    ]
    if invited:
        rows = [_invited(here, each, names, zone, by_mail=by_mail) for each in invited]
        heads = [here.say(f"people.page.{name}") for name in ("invited", "role", "sees")]
        shown += [_table([*heads, ""], rows)]
    return shown


def sees(here: Here, place: Place, names: tuple[dict[int, str], dict[int, str]]) -> str:
    """Return in words what a place shows: regions and stores by name, or all."""
    if place.region_ids is None and place.store_ids is None:
        bounded = place.role in {"regional", "store"}
        return here.say("people.page.nothing" if bounded else "people.page.all")
    regions, stores = names
    named = [regions.get(number, "") for number in place.region_ids or ()]
    named += [stores.get(number, "") for number in place.store_ids or ()]
    return formats.listing([name for name in named if name], here.lang) or here.say(
        "people.page.nothing"
    )


def button(here: Here, what: str, number: int, label: str) -> Component:
    """Return a button of a row; ``label`` names whom it is about, for who does not see the row."""
    word = here.say(f"people.page.{what}")
    return html.Button(
        word,
        id={"type": "people-do", "what": what, "number": number},
        className="people-do",
        type="button",
        **attributes(aria_label=f"{word}: {label}"),
    )


def _names(here: Here) -> tuple[dict[int, str], dict[int, str]]:
    regions = {int(row["region_id"]): here.name(row) for row in records(here.reads.regions())}
    return regions, store_names(here, here.reads.stores())


def _person(here: Here, one: Member, names: Any, zone: ZoneInfo) -> Component:
    label = one.name or one.email
    mine = one.user_id == here.person.user_id
    if mine:
        doing: list[Component] = [html.Span(here.say("people.page.you"), className="muted")]
    else:
        doing = [
            button(here, what, one.user_id, label) for what in ("change", "new_link", "revoke")
        ]
    seen = here.say("people.page.never") if one.seen_at is None else _when(here, one.seen_at, zone)
    # Without the table's head, on a phone, a date alone says nothing.
    word = html.Span(f"{here.say('people.page.seen')} · ", className="phone-only")
    return _row(here, label, one.email if one.name else "", one.place, names, [word, seen], doing)


def _invited(here: Here, one: Invited, names: Any, zone: ZoneInfo, *, by_mail: bool) -> Component:
    label = one.name or one.email
    state = "by_link"
    if one.failed:
        state = "not_mailed"
    elif one.sent_at is not None:
        state = "mailed"
    elif by_mail:
        state = "mailing"
    until = formats.day(one.ends_at.astimezone(zone).date(), here.lang)
    said = f"{here.say(f'people.page.{state}')} · {here.say('people.page.until', day=until)}"
    doing = [button(here, what, one.invitation_id, label) for what in ("link", "withdraw")]
    return _row(here, label, one.email if one.name else "", one.place, names, said, doing)


def _row(
    here: Here,
    label: str,
    below: str,
    place: Place,
    names: Any,
    state: str | list[Any],
    doing: list[Component],
) -> Component:
    return html.Tr(
        [
            html.Td([html.B(label), html.Span(below, className="muted people-mail")]),
            html.Td(here.say(f"people.role.{place.role}"), className="people-role"),
            html.Td(sees(here, place, names), className="people-sees"),
            html.Td(state, className="people-seen"),
            html.Td(html.Div(doing, className="people-acts"), className="people-doing"),
        ]
    )


def _table(heads: list[str], rows: list[Component]) -> Component:
    head = html.Tr([*(html.Th(name, scope="col") for name in heads), html.Th("")])
    return html.Table([html.Thead(head), html.Tbody(rows)], className="imports-table people-table")


def _when(here: Here, at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{formats.day(local.date(), here.lang)} {local:%H:%M}"
