"""The lists of the Digests page: who gets which, the groups, and what was sent."""

from collections.abc import Sequence
from datetime import UTC, datetime

from dash import html
from dash.development.base_component import Component

from chain.schedule import next_due
from dashboard.digestspage import words
from dashboard.frame import Board, Here
from dashboard.loose import attributes
from reports.mail import mail_server
from warehouse import deliveries, robots, subscriptions
from warehouse.deliveries import Delivery
from warehouse.robots import Group
from warehouse.subscriptions import Subscription

MOST = 50
"""Rows at once; an owner of hundreds of readers finds one by name."""
AGAIN = frozenset({"unsure", "failed", "late"})
"""Ends after which a person may have it sent once more."""


def contents(board: Board, here: Here, search: str) -> list[Component]:
    """Return the sentence, the digests and what was sent."""
    now = datetime.now(UTC)
    with board.warehouse.begin(here.scope) as connection:
        everyone = subscriptions.everyone(connection, here.scope)
        sent = deliveries.recent(connection, here.scope)
    shown: list[Component] = [html.P(sentence(here, everyone, now), className="lead")]
    if mail_server(board.settings) is None:
        shown.append(html.P(here.say("digests.page.no_mail"), className="digest-warning"))
    if everyone:
        shown += _everyone(here, everyone, search, now)
    zones = {one.subscription_id: one.wanted.schedule.zone for one in everyone}
    shown += _sent(here, sent, zones)
    return shown


def groups(board: Board, here: Here) -> list[Component]:
    """Return the robots that the reader has, with what each is used for."""
    with board.warehouse.begin(here.scope) as connection:
        found = robots.groups(connection, here.scope)
    return [_table([], [_group(here, one) for one in found])] if found else []


def sentence(here: Here, everyone: Sequence[Subscription], now: datetime) -> str:
    """Return how many there are, and when the reader's next one comes."""
    mine = [one for one in everyone if one.user_id == here.person.user_id]
    key = "said" if mine else "said_none"
    said = [here.say(f"digests.page.{key}", count=len(mine))]
    going = [one for one in mine if not one.paused and not one.refused]
    found = sorted(
        (due.at, one.wanted.schedule.zone)
        for one in going
        if (due := next_due(one.wanted.schedule, now))
    )
    if found:
        said.append(here.say("digests.page.next", when=words.moment(here, *found[0])))
    if len(mine) < len(everyone):
        people = len({one.user_id for one in everyone})
        said.append(here.say("digests.page.said_all", people=people, count=len(everyone)))
    return ("" if here.lang == "zh" else " ").join(said)


def button(here: Here, what: str, number: int, label: str) -> Component:
    """Return a button of a row; ``label`` names what it is about, for who does not see the row."""
    word = here.say(f"digests.page.{what}")
    return html.Button(
        word,
        id={"type": "digests-do", "what": what, "number": number},
        className="people-do",
        type="button",
        **attributes(aria_label=f"{word}: {label}"),
    )


def _everyone(
    here: Here, everyone: Sequence[Subscription], search: str, now: datetime
) -> list[Component]:
    wanted = search.strip().casefold()
    found = [one for one in everyone if wanted in f"{one.name} {one.email}".casefold()]
    heads = [here.say(f"digests.page.{name}") for name in ("what", "where", "state")]
    rows = [_subscription(here, one, now) for one in found[:MOST]]
    shown: list[Component] = [_table(heads, rows)]
    if len(found) > MOST:
        more = here.say("digests.page.more", count=len(found) - MOST)
        shown.append(html.P(more, className="muted"))
    return shown


def _subscription(here: Here, one: Subscription, now: datetime) -> Component:
    who = one.name or one.email
    what = words.rhythm(here, one)
    label = f"{what}, {who}"
    acts = ["preview", "test", "resume" if one.paused else "pause", "change", "remove"]
    if one.refused and one.wanted.robot_id is None:
        acts.insert(0, "trust")
    mine = one.user_id == here.person.user_id
    below = words.days(here, one.wanted.schedule)
    if one.wanted.only_changed:
        below += f" · {here.say('digests.page.news_only')}"
    name = [html.B(what if mine else f"{what} · {who}")]
    wrong = one.paused_key or (one.refused and one.wanted.robot_id is None)
    return html.Tr(
        [
            html.Td([*name, html.Span(below, className="muted people-mail")]),
            html.Td(words.target(here, one), className="digest-where"),
            html.Td(
                words.state(here, one, now),
                className="digest-state digest-wrong" if wrong else "digest-state",
            ),
            html.Td(
                html.Div(
                    [button(here, act, one.subscription_id, label) for act in acts],
                    className="people-acts",
                ),
                className="people-doing",
            ),
        ]
    )


def _group(here: Here, one: Group) -> Component:
    platform = here.say(f"robot.platform.{one.platform}")
    used = here.say(
        "digests.page.robot_used" if one.used else "digests.page.robot_unused", count=one.used
    )
    remove = html.Button(
        here.say("digests.page.remove"),
        id={"type": "digests-robot-do", "number": one.robot_id},
        className="people-do",
        type="button",
        **attributes(aria_label=f"{here.say('digests.page.remove')}: {one.name}"),
    )
    return html.Tr(
        [
            html.Td([html.B(one.name), html.Span(platform, className="muted people-mail")]),
            html.Td(used, className="digest-where"),
            html.Td(html.Div([remove], className="people-acts"), className="people-doing"),
        ]
    )


def _sent(here: Here, sent: Sequence[Delivery], zones: dict[int, str]) -> list[Component]:
    title = html.H2(here.say("digests.page.history"), className="tb-finding")
    if not sent:
        return [title, html.P(here.say("digests.page.history_none"), className="muted")]
    heads = [here.say(f"digests.page.{name}") for name in ("when", "what", "state")]
    rows = [_delivery(here, one, zones.get(one.subscription_id, "UTC")) for one in sent]
    return [title, _table(heads, rows)]


def _delivery(here: Here, one: Delivery, zone: str) -> Component:
    what = here.say(f"digests.page.{one.kind}")
    if one.test:
        what += f" ({here.say('digests.page.is_test')})"
    to = one.receiver or one.who
    why = words.known(here, one.error_key, dict(one.error_params))
    acts = []
    if one.state in AGAIN:
        acts = [button(here, "again", one.delivery_id, f"{what}, {one.who}")]
    bad = one.state in {"failed", "unsure"}
    return html.Tr(
        [
            html.Td(words.moment(here, one.sent_at or one.due_at, zone), className="digest-when"),
            html.Td([html.B(what), html.Span(to, className="muted people-mail")]),
            html.Td(
                [
                    html.Span(
                        words.outcome(here, one, zone), className="digest-wrong" if bad else ""
                    ),
                    html.Span(why, className="muted people-mail"),
                ],
                className="digest-state",
            ),
            html.Td(html.Div(acts, className="people-acts"), className="people-doing"),
        ]
    )


def _table(heads: list[str], rows: list[Component]) -> Component:
    parts: list[Component] = [html.Tbody(rows)]
    if heads:
        names = [html.Th(name, scope="col") for name in heads]
        parts.insert(0, html.Thead(html.Tr([*names, html.Th("")])))
    return html.Table(parts, className="imports-table people-table digest-table")
