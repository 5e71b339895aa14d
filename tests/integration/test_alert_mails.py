"""Mails of alerts by a real SMTP server: once, together, to whom it concerns, in their language."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from chain.alerts import Rule
from chain.settings import Settings
from reports.robots import Platform
from tests.alert_chain import MANAGER, NOON, OWNER, TODAY, USUAL, VIEWER, YESTERDAY, Tea, tea
from tests.conftest import Database
from tests.groups import group, robot
from tests.postbox import Postbox, postbox
from warehouse import alert_notices, alerts, robots
from warehouse.alert_notices import GATHER, LOST_AFTER, TRY_AGAIN
from warehouse.robots import Webhook
from warehouse.session import Scope, Warehouse
from workers.alert_sending import Sending

LOW = Rule("below", metric="gross_sales", bound=USUAL / 2)


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as opened:
        yield opened


@pytest.fixture
def chain(database: Database, tmp_path: Path, box: Postbox) -> Iterator[Tea]:
    warehouse = Warehouse(database.app)
    settings = Settings(
        data=tmp_path, smtp_host="localhost", smtp_port=box.port, smtp_security="none",
        mail_from="board@example.com", public_url="https://board.example.com",
    )  # fmt: skip
    yield tea(warehouse, settings)
    warehouse.close()


def _fire(chain: Tea, **more: Any) -> int:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    rule = chain.rule(LOW, **more)
    chain.watch()
    return rule


def _tell(chain: Tea, now: datetime = NOON) -> None:
    Sending(chain.warehouse, chain.settings).tell(now)


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _states(chain: Tea) -> set[str]:
    return {state for _, _, state, _ in chain.notices()}


def test_many_stores_are_one_mail_that_is_sent_once(chain: Tea, box: Postbox) -> None:
    _fire(chain, tell_users=(OWNER,))
    for _ in range(3):
        _tell(chain)
    (mail,) = box.mails
    assert mail["To"] == "owner@example.com"
    assert mail["Subject"] == (
        "Tea: 北一: Gross sales ¥100 on Sun 15 Mar, below ¥500 and 2 more alerts"
    )
    text = _text(mail)
    for name in ("北一", "北二", "南一"):
        assert f"- {name}: Gross sales ¥100 on Sun 15 Mar, below ¥500." in text
    assert "https://board.example.com/alerts" in text
    assert "Warning · Gross sales of any store is below ¥500" in text
    html = mail.get_body(("html",))
    assert html is not None
    assert "北二: Gross sales ¥100" in str(html.get_content())
    assert _states(chain) == {"sent"}


def test_each_reads_of_their_own_stores_in_their_own_language(chain: Tea, box: Postbox) -> None:
    _fire(chain, tell_users=(OWNER, MANAGER))
    _tell(chain)
    mails = {mail["To"]: mail for mail in box.mails}
    assert "3 " not in mails["store@example.com"]["Subject"]
    theirs = _text(mails["store@example.com"])
    assert "南一：3月15日 周日营业额 ¥100，低于 ¥500。" in theirs
    assert "北一" not in theirs
    assert "北一" in _text(mails["owner@example.com"])


def test_who_sees_none_of_it_any_more_is_not_told(chain: Tea, box: Postbox) -> None:
    chain.take(chain.stores[0], YESTERDAY, 10_000)
    chain.rule(LOW, tell_users=(MANAGER, VIEWER))
    chain.watch()
    with chain.warehouse.directory() as connection:
        connection.exec_driver_sql(f"delete from directory.membership where user_id = {VIEWER}")
    _tell(chain)
    assert box.mails == []
    assert _states(chain) == {"skipped"}


def test_what_was_over_before_the_hour_is_not_told(chain: Tea, box: Postbox) -> None:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    chain.rule(LOW, tell_users=(OWNER,), quiet_from="08:00", quiet_to="20:00")
    chain.watch()
    _tell(chain)
    assert _states(chain) == {"waiting"}
    for store in chain.stores[:2]:
        chain.take(store, YESTERDAY, USUAL)
    chain.watch()
    _tell(chain, NOON + timedelta(hours=9))
    (mail,) = box.mails
    assert "南一" in mail["Subject"]
    assert "北一" not in _text(mail)


def test_a_snooze_after_it_fired_puts_it_off(chain: Tea, box: Postbox) -> None:
    rule = _fire(chain, tell_users=(OWNER,))
    until = datetime.now(UTC) + timedelta(days=1)
    now = datetime.now(UTC)
    with chain.warehouse.begin(chain.scope) as connection:
        alerts.snooze(connection, chain.scope, rule, "", until)
    _tell(chain, now)
    assert box.mails == []
    _tell(chain, until + timedelta(minutes=1))
    assert len(box.mails) == 1


def test_what_fires_soon_after_waits_and_goes_together_unless_urgent(
    chain: Tea, box: Postbox
) -> None:
    first, second, third = chain.stores
    chain.rule(LOW, tell_users=(OWNER,))
    now = datetime.now(UTC)
    for store in (first, second):
        chain.take(store, YESTERDAY, 10_000)
        chain.watch()
        _tell(chain, now)
    assert len(box.mails) == 1
    _tell(chain, now + GATHER)
    assert len(box.mails) == 2
    chain.rule(replace(LOW, stores=(third,)), tell_users=(OWNER,), severity="urgent")
    chain.take(third, YESTERDAY, 10_000)
    chain.watch()
    _tell(chain, now + GATHER + timedelta(minutes=1))
    urgent = box.mails[-1]
    assert len(box.mails) == 3
    assert _text(urgent).startswith("Urgent · Gross sales")


def test_a_server_that_asks_to_wait_is_asked_again(chain: Tea, box: Postbox) -> None:
    box.answers["owner@example.com"] = "451 later"
    _fire(chain, tell_users=(OWNER, VIEWER))
    _tell(chain)
    assert [mail["To"] for mail in box.mails] == ["viewer@example.com"]
    box.answers.clear()
    _tell(chain, NOON + TRY_AGAIN)
    assert [mail["To"] for mail in box.mails] == ["viewer@example.com", "owner@example.com"]


def test_an_address_that_is_refused_is_not_tried_for_ever(chain: Tea, box: Postbox) -> None:
    box.answers["owner@example.com"] = "550 no such box"
    _fire(chain, tell_users=(OWNER,))
    _tell(chain)
    assert _states(chain) == {"failed"}


def test_without_a_mail_server_it_is_said_and_the_board_has_it(chain: Tea, box: Postbox) -> None:
    _fire(chain, tell_users=(OWNER,))
    Sending(chain.warehouse, Settings(data=chain.settings.data)).tell(NOON)
    assert _states(chain) == {"failed"}
    assert len(chain.open()) == 3


def test_two_workers_do_not_send_the_same(chain: Tea, box: Postbox) -> None:
    _fire(chain, tell_users=(OWNER,))
    with chain.warehouse.begin(chain.scope) as connection:
        _, taken = alert_notices.claim(connection, chain.chain, f"user:{OWNER}", NOON)
    assert len(taken) == 3
    _tell(chain)
    assert box.mails == []


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_worker_that_dies_over_a_mail_leaves_it_to_the_next(
    chain: Tea, box: Postbox, database: Database, at: str
) -> None:
    """Killed before the server has it, it goes once; after, the same message goes again."""
    _fire(chain, tell_users=(OWNER,))
    order = {"url": database.app, "port": box.port, "at": at, "now": NOON.isoformat()}
    dead = subprocess.run(
        [sys.executable, "-m", "tests.integration.killed_alert", json.dumps(order)], check=False
    )
    assert dead.returncode == -9
    _tell(chain)
    assert len(box.mails) == (0 if at == "before" else 1), "the claim holds"
    _tell(chain, NOON + LOST_AFTER + timedelta(seconds=1))
    assert len(box.mails) == (1 if at == "before" else 2)
    assert len({mail["Message-ID"] for mail in box.mails}) == 1
    assert _states(chain) == {"sent"}
    _tell(chain, NOON + LOST_AFTER + timedelta(minutes=20))
    assert len(box.mails) == (1 if at == "before" else 2)


@pytest.mark.parametrize("platform", ["wecom", "dingtalk", "feishu"])
def test_a_group_is_written_into_once(chain: Tea, platform: Platform) -> None:
    with group() as there:
        settings = chain.settings.model_copy(
            update={"robot_origins": there.origins[0], "secret_key": "k" * 40}
        )
        owner = Scope(chain.chain, OWNER)
        with chain.warehouse.begin(owner) as connection:
            webhook = Webhook(platform, "老板群", robot(there, platform).address)
            number = robots.add(connection, owner, "k" * 40, webhook)
        _fire(chain, tell_robots=(number,))
        for _ in range(2):
            Sending(chain.warehouse, settings).tell(NOON)
        ((_, body),) = there.asked
        said = json.dumps(body, ensure_ascii=False)
        for name in ("北一", "北二", "南一"):
            assert f"{name}: Gross sales ¥100 on Sun 15 Mar" in said
        assert "https://board.example.com/alerts" in said
        assert _states(chain) == {"sent"}


def test_a_domain_that_is_not_allowed_gets_nothing(chain: Tea, box: Postbox) -> None:
    _fire(chain, tell_users=(OWNER,))
    settings = chain.settings.model_copy(update={"mail_domains": "elsewhere.example"})
    Sending(chain.warehouse, settings).tell(NOON)
    assert box.mails == []
    assert _states(chain) == {"failed"}


def test_a_range_and_a_silence_are_said_in_words(chain: Tea, box: Postbox) -> None:
    chain.rule(Rule("silent", at="10:00"), tell_users=(OWNER,))
    chain.rule(Rule("fell", bound=0.2), tell_users=(OWNER,))
    chain.take(chain.stores[0], YESTERDAY, 0)
    chain.take(chain.stores[1], YESTERDAY, 10_000)
    chain.watch()
    _tell(chain)
    text = _text(box.mails[0])
    assert "北一 has sent no data since Sat 14 Mar." in text
    assert "北二: Net sales ¥100 on Sun 15 Mar, 90 % below the usual ¥1K." in (
        text.replace("\u00a0", " ")
    )
    assert TODAY.isoformat() not in text
