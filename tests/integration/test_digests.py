"""Digests by real SMTP: what comes, once, to whom, and what becomes of those that cannot go."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import text

import workers.digests
import workers.posting
from chain.errors import PermanentError
from chain.settings import Settings
from reports.digests import sections
from reports.digests.build import build
from reports.digests.facts import Facts
from reports.digests.model import Contents, Section
from reports.mail import MailServer, mail_server
from tests import digests as made
from tests.conftest import Database
from tests.futures import add_up, sell
from tests.groups import SECRET, group, robot
from tests.integration.digest_world import World, settings_for
from tests.postbox import Postbox, postbox, silent_after_data
from warehouse import subscriptions
from warehouse.directory import unsubscribe
from warehouse.robots import Webhook
from warehouse.session import Warehouse

NEXT_DAY = {"days": 1, "hours": 2}
"""When the next digest goes, that waited two hours for data which does not come."""


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as opened:
        yield opened


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    yield opened
    opened.close()


@pytest.fixture
def world(warehouse: Warehouse, box: Postbox) -> World:
    chain, stores = made.chain_with_stores(warehouse, days=70)
    found = World(warehouse, chain, stores, settings_for(box))
    found.complete()
    return found


def _plain(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_digest_goes_once_though_beat_runs_on_and_on(world: World, box: Postbox) -> None:
    world.subscribe(world.person("wang@example.com"))
    for _ in range(3):
        world.run()
        world.clock.on(minutes=1)
    assert [mail["To"] for mail in box.mails] == ["wang@example.com"]
    assert world.states() == ["sent"]
    world.clock.on(**NEXT_DAY)
    world.run()
    assert len(box.mails) == 2, "and the next day's comes"


def test_two_beats_and_two_workers_at_once_send_it_once(world: World, box: Postbox) -> None:
    for number in range(4):
        world.subscribe(world.person(f"p{number}@example.com"))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: world.run(), range(6)))
    world.run()
    assert sorted(mail["To"] for mail in box.mails) == [f"p{n}@example.com" for n in range(4)]
    assert world.states() == ["sent"] * 4


def test_a_clock_that_jumps_sends_nothing_twice(world: World, box: Postbox) -> None:
    world.subscribe(world.person("wang@example.com"))
    world.run()
    for jump in (-3.0, 1.0, -30.0, 32.0, 0.5):
        world.clock.on(hours=jump)
        world.run()
    assert len({mail["Message-ID"] for mail in box.mails}) == len(box.mails)
    periods = [row["period"] for row in world.rows()]
    assert len(periods) == len(set(periods))
    assert sum(row["state"] == "sent" for row in world.rows()) == len(box.mails)


def test_what_was_due_long_ago_is_said_to_be_late_and_not_sent(world: World, box: Postbox) -> None:
    world.subscribe(world.person("wang@example.com"))
    world.clock.on(hours=13)
    world.run()
    assert (world.states(), box.mails) == (["late"], [])


def test_nothing_is_due_from_before_it_was_wanted(world: World, box: Postbox) -> None:
    number = world.subscribe(world.person("wang@example.com"))
    with world.warehouse.begin(world.scope) as connection:
        connection.execute(text("update subscription set since = :now"), {"now": world.clock.at})
    world.run()
    assert (world.rows(), box.mails) == ([], [])
    assert not world.subscription(number).paused


def test_the_mail_says_all_of_it_twice_and_names_its_pictures(world: World, box: Postbox) -> None:
    world.subscribe(world.person("wang@example.com"), "weekly", "zh")
    world.run()
    (mail,) = box.mails
    assert mail.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds[:4] == ["multipart/alternative", "text/plain", "multipart/related", "text/html"]
    assert set(kinds[4:]) == {"image/png"}
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content_charset() == "utf-8"
    page = str(html.get_content())
    cids = {part["Content-ID"].strip("<>") for part in mail.walk() if part["Content-ID"]}
    assert cids == {f"{n}{d}@digest" for n in ("trend", "ahead") for d in ("", "-dark")}
    for cid in cids:
        assert f'src="cid:{cid}"' in page
    assert page.count("<img") == page.count('alt="') == len(cids)
    assert 'alt=""' not in page
    assert "http://" not in page.replace("http://www.w3.org", ""), "nothing is fetched from afar"
    plain = _plain(mail)
    for said in ("青禾茶饮", "春熙路", "每日订单更多", "本月走势", "需要关注"):
        assert said in page, said
        assert said in plain, said
    assert mail["Message-ID"] == f"<digest-{world.chain}-1@example.com>"


def test_links_open_the_very_view(world: World, box: Postbox) -> None:
    world.subscribe(world.person("wang@example.com"), "weekly", "en")
    world.run()
    view = f"{made.BOARD}/stores?period=2026-03-09..2026-03-15&metric=net_sales"
    assert view in _plain(box.mails[0])


def test_each_gets_their_own_stores_and_nobody_elses(world: World, box: Postbox) -> None:
    world.subscribe(world.person("owner@example.com"))
    two = world.stores[:2]
    world.subscribe(world.person("region@example.com", "regional", two))
    world.subscribe(world.person("store@example.com", "store", [world.stores[0]]))
    world.subscribe(world.person("nothing@example.com", "store", []))
    world.run()
    said = {str(mail["To"]): _plain(mail) for mail in box.mails}
    names = [name for name, *_ in made.STORES]
    assert "万象城" in said["region@example.com"] or "五角场" in said["region@example.com"]
    for name in names[2:]:
        assert name not in said["region@example.com"]
    for name in names[1:]:
        assert name not in said["store@example.com"]
    for name in names:
        assert name not in said["nothing@example.com"]
    assert any(name in said["owner@example.com"] for name in names[2:])


def test_readers_of_one_scope_share_the_work(
    world: World, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def counted(facts: Facts) -> Contents:
        built.append(facts.lang)
        return build(facts)

    monkeypatch.setattr(workers.digests, "build", counted)
    for number in range(5):
        world.subscribe(world.person(f"p{number}@example.com"), lang="en" if number else "zh")
    world.run()
    assert len(box.mails) == 5
    assert sorted(built) == ["en", "zh"]
    for mail in box.mails:
        assert str(mail["To"]) in _plain(mail), "and yet each is addressed to its reader"


def test_one_of_ten_refused_leaves_the_nine(world: World, box: Postbox) -> None:
    box.answers = {"p3@example.com": "550 no such mailbox"}
    users = [world.person(f"p{number}@example.com") for number in range(10)]
    numbers = [world.subscribe(user) for user in users]
    world.run()
    assert len(box.mails) == 9
    refused = world.subscription(numbers[3])
    assert "no such mailbox" in refused.refused
    failed = [row for row in world.rows() if row["state"] == "failed"]
    assert [(row["error_key"], row["subscription_id"]) for row in failed] == [
        ("mail.refused", numbers[3])
    ]
    world.clock.on(**NEXT_DAY)
    world.run()
    assert len(world.rows()) == 19, "nothing more is tried with that address"
    box.answers = {}
    unsubscribe.trust(world.warehouse, users[3])
    world.clock.on(**NEXT_DAY)
    world.run()
    assert sum(mail["To"] == "p3@example.com" for mail in box.mails) == 1


def test_who_is_asked_to_wait_is_tried_again_after_ever_longer(world: World, box: Postbox) -> None:
    box.answers = {"wang@example.com": "451 come again"}
    number = world.subscribe(world.person("wang@example.com"))
    world.subscribe(world.person("li@example.com"))
    pauses = []
    for _ in range(3):
        world.run()
        (row,) = (each for each in world.rows() if each["subscription_id"] == number)
        assert (row["state"], row["error_key"]) == ("waiting", "mail.later")
        pauses.append(row["next_at"] - world.clock.at)
        world.run()
        world.clock.at = row["next_at"]
    assert [mail["To"] for mail in box.mails] == ["li@example.com"]
    assert pauses == sorted(set(pauses))
    box.answers = {}
    world.run()
    assert [mail["To"] for mail in box.mails] == ["li@example.com", "wang@example.com"]
    assert world.states() == ["sent", "sent"]


def test_a_server_that_is_away_keeps_them_until_they_are_too_late(world: World) -> None:
    for number in range(3):
        world.subscribe(world.person(f"p{number}@example.com"))
    world.settings = settings_for(None, smtp_host="localhost", smtp_port=1,
                                  smtp_security="none", mail_from="b@example.com")  # fmt: skip
    world.run()
    assert {(row["state"], row["error_key"]) for row in world.rows()} == {("waiting", "mail.away")}
    for _ in range(40):
        world.clock.on(minutes=30)
        world.run()
    rows = [row for row in world.rows() if row["period"] == made.LAST]
    assert {(row["state"], row["error_key"]) for row in rows} == {("failed", "digests.too_late")}
    assert (
        "mail server" in rows[0]["error_params"]["why"] or "邮件" in rows[0]["error_params"]["why"]
    )


def test_without_a_mail_server_it_is_said_so(world: World) -> None:
    world.subscribe(world.person("wang@example.com"))
    world.settings = settings_for(None)
    world.run()
    (row,) = world.rows()
    assert (row["state"], row["error_key"]) == ("waiting", "mail.none")


def test_a_server_that_hangs_after_the_mail_leaves_it_unsure(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took all of it and never answered: it may have arrived, and is not sent again."""
    monkeypatch.setattr(workers.posting, "mail_server", _hasty)
    with silent_after_data() as port:
        world.settings = settings_for(None, smtp_host="127.0.0.1", smtp_port=port,
                                      smtp_security="none", mail_from="b@example.com")  # fmt: skip
        world.subscribe(world.person("wang@example.com"))
        world.run()
        (row,) = world.rows()
        assert (row["state"], row["error_key"]) == ("unsure", "mail.unsure")
        world.clock.on(hours=1)
        assert world.beat() == []


def _hasty(settings: Settings) -> MailServer:
    server = mail_server(settings)
    assert server is not None
    return replace(server, seconds=0.5)


def test_a_report_that_fails_is_never_mailed_and_its_end_is_told(
    world: World, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_facts: Facts) -> None:
        raise ZeroDivisionError

    world.subscribe(world.person("wang@example.com"))
    monkeypatch.setattr(workers.digests, "build", broken)
    for _ in range(8):
        world.run()
        world.clock.on(minutes=20)
    (row,) = world.rows()
    assert (row["state"], row["error_key"]) == ("failed", "digests.broken")
    assert row["tries"] == workers.digests.BROKEN_TRIES - 1
    assert box.mails == []


def test_a_report_that_fails_once_goes_later_whole(
    world: World, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def once(facts: Facts) -> Contents:
        calls.append(facts)
        if len(calls) == 1:
            raise ZeroDivisionError
        return build(facts)

    world.subscribe(world.person("wang@example.com"))
    monkeypatch.setattr(workers.digests, "build", once)
    world.run()
    assert box.mails == []
    world.clock.on(minutes=5)
    world.run()
    assert len(box.mails) == 1
    assert world.states() == ["sent"]


def test_it_waits_for_data_and_then_says_what_is_missing(world: World, box: Postbox) -> None:
    with world.warehouse.begin(world.scope) as connection:
        connection.execute(
            text("delete from store_day where business_date = :day"), {"day": made.LAST}
        )
        add_up(connection, world.chain)
    world.subscribe(world.person("wang@example.com"))
    world.run()
    (row,) = world.rows()
    assert (row["state"], row["error_key"], row["tries"]) == ("waiting", "digests.waiting", 0)
    world.clock.on(hours=2)
    world.run()
    (mail,) = box.mails
    assert "未到齐" in str(mail["Subject"])
    assert "3月15日" in _plain(mail)
    assert "以下是3月14日" in _plain(mail)
    (row,) = world.rows()
    assert (row["state"], row["provisional"]) == ("sent", True)


def test_it_goes_as_soon_as_the_data_is_in(world: World, box: Postbox) -> None:
    with world.warehouse.begin(world.scope) as connection:
        connection.execute(
            text("delete from store_day where business_date = :day"), {"day": made.LAST}
        )
        add_up(connection, world.chain)
    world.subscribe(world.person("wang@example.com"))
    world.run()
    with world.warehouse.begin(world.scope) as connection:
        for store in world.stores:
            sell(connection, world.chain, store, made.LAST, 1_000_000)
        add_up(connection, world.chain)
    world.clock.on(minutes=11)
    world.run()
    (mail,) = box.mails
    assert "未到齐" not in str(mail["Subject"])
    assert world.rows()[0]["provisional"] is False


def test_only_news_is_sent_to_who_wants_only_news(world: World, box: Postbox) -> None:
    world.subscribe(world.person("news@example.com"), only_changed=True)
    world.subscribe(world.person("all@example.com"))
    world.run()
    world.clock.at += timedelta(days=1, hours=3)  # nothing new has come in until then
    world.run()
    world.clock.on(hours=1)
    assert [mail["To"] for mail in box.mails].count("news@example.com") == 1
    assert [mail["To"] for mail in box.mails].count("all@example.com") == 2
    assert sorted(world.states()) == ["sent", "sent", "sent", "unchanged"]


def test_what_is_paused_rests_and_goes_on_from_then(world: World, box: Postbox) -> None:
    number = world.subscribe(world.person("wang@example.com"))
    with world.warehouse.begin(world.scope) as connection:
        subscriptions.pause(connection, world.scope, number)
    world.run()
    assert (world.rows(), box.mails) == ([], [])
    world.ask(number)
    world.run()
    assert [str(mail["Subject"])[:3] for mail in box.mails] == ["测试："]


def test_paused_after_it_was_planned_it_does_not_go(world: World, box: Postbox) -> None:
    number = world.subscribe(world.person("wang@example.com"))
    lanes = world.beat()
    assert len(lanes) == 1
    with world.warehouse.begin(world.scope) as connection:
        subscriptions.pause(connection, world.scope, number)
    for chain, lane in lanes:
        world.work.send(chain, lane)
    assert box.mails == []


def test_who_left_the_chain_gets_nothing(world: World, box: Postbox) -> None:
    user = world.person("wang@example.com")
    world.subscribe(user)
    world.beat()
    with world.warehouse.directory() as connection:
        connection.execute(text("delete from directory.membership"))
    world.clock.on(minutes=1)
    world.run()
    world.each_lane(world.work.send)
    assert box.mails == []


def test_only_allowed_domains_get_mail(world: World, box: Postbox) -> None:
    world.settings = settings_for(box, mail_domains="example.com, tea.cn")
    for address in ("a@example.com", "b@Tea.cn", "c@example.org", "d@sub.example.com"):
        world.subscribe(world.person(address))
    world.run()
    assert sorted(str(mail["To"]) for mail in box.mails) == ["a@example.com", "b@Tea.cn"]
    failed = {row["error_params"]["address"] for row in world.rows() if row["state"] == "failed"}
    assert failed == {"c@example.org", "d@sub.example.com"}
    with world.warehouse.begin(world.scope) as connection:
        subscriptions.set_domains(connection, world.scope, ("tea.cn",))
    world.clock.on(**NEXT_DAY)
    world.run()
    assert [str(mail["To"]) for mail in box.mails[2:]] == ["b@Tea.cn"]
    assert "digests.not_allowed" in {row["error_key"] for row in world.rows()}


def test_headers_let_a_mail_program_end_it_with_one_click(world: World, box: Postbox) -> None:
    number = world.subscribe(world.person("wang@example.com"))
    world.run()
    (mail,) = box.mails
    token = world.subscription(number).token
    assert mail["List-Unsubscribe"] == f"<{made.BOARD}/unsubscribe/{token}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert len(token) >= 40
    assert f"{made.BOARD}/unsubscribe/{token}" in _plain(mail)


@pytest.mark.parametrize("platform", ["wecom", "dingtalk", "feishu"])
def test_a_group_gets_the_same_digest_once(world: World, platform: Any) -> None:
    with group() as there:
        world.settings = settings_for(None, robot_origins=there.origins[0])
        user = world.person("wang@example.com")
        kept = world.robot(user, Webhook(platform, "老板群", robot(there, platform).address))
        world.subscribe(user, robot=kept)
        world.run()
        world.run()
    ((path, body),) = there.asked
    assert (SECRET in path) == (platform != "feishu") or platform == "feishu"
    for said in ("万象城", "春熙路", f"{made.BOARD}/stores?period=2026-03-15..2026-03-15"):
        assert said in str(body) or said == "万象城"
    (row,) = world.rows()
    assert (row["state"], row["receiver"]) == ("sent", "老板群")
    with world.warehouse.begin(world.scope) as connection:
        stored = connection.scalar(text("select webhook from robot"))
    assert SECRET not in str(stored)


def test_a_robot_that_refuses_rests_with_its_reason(world: World) -> None:
    with group() as there:
        there.answer = 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
        world.settings = settings_for(None, robot_origins=there.origins[0])
        user = world.person("wang@example.com")
        kept = world.robot(user, Webhook("wecom", "老板群", robot(there, "wecom").address))
        number = world.subscribe(user, robot=kept)
        world.run()
    found = world.subscription(number)
    assert (found.paused, found.paused_key) == (True, "robot.refused")
    assert world.states() == ["failed"]


def test_a_robot_asks_nobody_but_its_platform(world: World) -> None:
    with group() as there:
        user = world.person("wang@example.com")
        kept = world.robot(user, Webhook("wecom", "x", robot(there, "wecom").address))
        number = world.subscribe(user, robot=kept)
        world.run()
    assert there.asked == []
    assert world.subscription(number).paused_key == "robot.bad_address"


def test_another_key_cannot_read_a_robot(world: World) -> None:
    user = world.person("wang@example.com")
    address = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1"
    number = world.subscribe(user, robot=world.robot(user, Webhook("wecom", "x", address)))
    world.settings = settings_for(None, secret_key="z" * 40)
    world.run()
    assert world.subscription(number).paused_key == "digests.robot_lost"


def test_a_test_is_asked_for_so_often_and_no_more(world: World, box: Postbox) -> None:
    number = world.subscribe(world.person("wang@example.com"))
    world.run()
    for _ in range(10):
        world.ask(number)
    with pytest.raises(PermanentError) as caught:
        world.ask(number)
    assert caught.value.key == "digests.too_often"
    world.run()
    assert len(box.mails) == 11
    subjects = [str(mail["Subject"]) for mail in box.mails]
    assert sum(subject.startswith("测试：") for subject in subjects) == 10


def test_a_name_that_is_html_stays_a_name(world: World, box: Postbox) -> None:
    evil = "</td><script>alert(1)</script>{{ 7 * 7 }}*店*"
    with world.warehouse.begin(world.scope) as connection:
        connection.execute(
            text("update store set name = :name where store_id = :store"),
            {"name": evil, "store": world.stores[made.STRONG]},
        )
        connection.execute(text("update chain set name = :name"), {"name": "茶\r\nBcc: x@y.z"})
    world.subscribe(world.person("wang@example.com"))
    world.run()
    (mail,) = box.mails
    html = mail.get_body(("html",))
    assert html is not None
    page = html.get_content()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert mail["Bcc"] is None


def test_sections_are_a_list_that_others_add_to(world: World) -> None:
    facts = made.facts(world.warehouse, world.scope)
    more = build(facts, (*sections.SECTIONS, lambda _facts: Section("New", said=("x",))))
    assert more.sections[-1].title == "New"
    assert build(facts, (lambda _facts: None,)).sections == ()


def test_two_time_zones_have_two_mornings(world: World, box: Postbox) -> None:
    world.subscribe(world.person("shanghai@example.com"))
    world.subscribe(world.person("berlin@example.com"), zone="Europe/Berlin")
    world.clock.at = datetime(2026, 3, 16, 0, 1, tzinfo=UTC)
    world.run()
    early = [str(mail["To"]) for mail in box.mails]
    world.clock.at = datetime(2026, 3, 16, 7, 1, tzinfo=UTC)
    world.run()
    late = [str(mail["To"]) for mail in box.mails]
    assert early == ["shanghai@example.com"]
    assert late == ["shanghai@example.com", "berlin@example.com"]
