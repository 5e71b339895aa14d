"""The Digests page: one's own and, for owners, everybody's; the preview; the link that ends one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from chain.settings import Settings
from dashboard import guard
from dashboard.choice import Choice
from dashboard.pages import PAGES
from reports.addresses import view
from tests import digests as made
from tests.conftest import Database
from tests.groups import SECRET
from tests.integration.boards import EMAIL, HERE, LIMIT, Running, running
from tests.integration.digest_world import KEY
from tests.integration.test_reads import _fill
from warehouse import subscriptions
from warehouse.session import Scope

SAVE = {
    "digests-number": 0, "digests-who": None, "digests-rhythm": "daily",
    "digests-days": ["0", "1", "2", "3", "4"], "digests-weekday": "0", "digests-month-day": "1",
    "digests-at": "07:30", "digests-zone": "Asia/Shanghai", "digests-lang": "zh",
    "digests-target": "mail", "digests-only-changed": True, "digests-changed": 0,
}  # fmt: skip


@dataclass
class There:
    """The board with its owner, and one other person."""

    board: Running
    owner: int
    other: int

    def client(self, user: int) -> FlaskClient:
        from datetime import UTC, datetime, timedelta

        from warehouse.directory.sessions import begin

        client = self.board.client()
        ends = datetime.now(UTC) + timedelta(hours=1)
        token = begin(self.board.warehouse, user, 1, ends_at=ends, device="", address="")
        with client.session_transaction() as session:
            session["token"] = token
        return client

    def press(self, user: int, inputs: dict[str, Any], states: dict[str, Any]) -> str:
        """Ask a callback as the browser does; return what it answered."""
        (name, value), *_ = inputs.items()
        for output, one in self.board.app.callback_map.items():
            starts = [each["id"] for each in one["inputs"]]
            if "callback" in one and starts[0] == name:
                body = _body(output, one, {name: value} | states)
                client = self.client(user)
                return client.post("/_dash-update-component", json=body, headers=HERE).text
        raise AssertionError(f"nothing is started by {name}")

    def do(self, user: int, what: str, number: int) -> str:
        """Press a button of a row."""
        wild = json.dumps({"number": ["ALL"], "type": "digests-do", "what": ["ALL"]},
                          separators=(",", ":"))  # fmt: skip
        return self.wild(user, wild, {"number": number, "type": "digests-do", "what": what})

    def wild(self, user: int, wild: str, pressed: dict[str, Any]) -> str:
        for output, one in self.board.app.callback_map.items():
            if "callback" in one and one["inputs"][0]["id"] == wild:
                body = _body(output, one, {})
                body["inputs"] = [[{"id": pressed, "property": "n_clicks", "value": 1}]]
                name = json.dumps(pressed, separators=(",", ":"), sort_keys=True)
                body["changedPropIds"] = [f"{name}.n_clicks"]
                client = self.client(user)
                return client.post("/_dash-update-component", json=body, headers=HERE).text
        raise AssertionError(wild)

    def save(self, user: int, **changes: Any) -> str:
        given = SAVE | {f"digests-{name.replace('_', '-')}": each for name, each in changes.items()}
        return self.press(user, {"digests-save": 1}, given)

    def everyone(self) -> list[subscriptions.Subscription]:
        scope = Scope(1)
        with self.board.warehouse.begin(scope) as connection:
            return subscriptions.everyone(connection, scope)

    def shown(self, user: int) -> str:
        return self.press(user, {"digests-changed": 1}, {"digests-search": ""})

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.board.warehouse.begin(Scope(1)) as connection:
            found = connection.execute(text(f"select * from {table}")).mappings()
            return [dict(row) for row in found]


def _body(output: str, one: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    def given(each: dict[str, Any]) -> dict[str, Any]:
        value = values.get(each["id"])
        return {"id": each["id"], "property": each["property"], "value": value}

    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]
    named = [{"id": left, "property": right} for left, _, right in outputs]
    first = one["inputs"][0]
    return {
        "output": output,
        "outputs": named if output.startswith("..") else named[0],
        "inputs": [given(each) for each in one["inputs"]],
        "state": [given(each) for each in one["state"]],
        "changedPropIds": [f"{first['id']}.{first['property']}"],
    }


@pytest.fixture
def there(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", -1.0)
    settings = Settings(
        data=tmp_path, upload_max_bytes=LIMIT, secret_key=KEY, public_url=made.BOARD,
        mail_domains="example.com",
    )  # fmt: skip
    with running(database, tmp_path, PAGES, settings=settings) as board:
        with board.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from chain"))
            _fill(connection)
        board.client().get("/healthz")
        yield There(board, _person(board, EMAIL), _person(board, "other@example.com", "viewer"))


def _person(board: Running, email: str, role: str = "") -> int:
    with board.warehouse.directory() as connection:
        if role:
            connection.execute(
                text("insert into directory.app_user (email, password_hash) values (:email, '')"),
                {"email": email},
            )
        user = connection.scalar(
            text("select user_id from directory.app_user where email = :email"), {"email": email}
        )
        if role:
            connection.execute(
                text("insert into directory.membership (chain_id, user_id, role)"
                     " values (1, :user, :role)"),
                {"user": user, "role": role},
            )  # fmt: skip
    assert isinstance(user, int)
    return user


def test_what_the_form_says_is_kept_and_shown(there: There) -> None:
    there.save(there.owner)
    (one,) = there.everyone()
    schedule = one.wanted.schedule
    assert (schedule.rhythm, schedule.weekdays, str(schedule.at)) == ("daily", (0, 1, 2, 3, 4),
                                                                      "07:30:00")  # fmt: skip
    assert (one.wanted.lang, one.wanted.only_changed, one.user_id) == ("zh", True, there.owner)
    shown = there.shown(there.owner)
    assert "Mon\\u2013Fri, 07:30" in shown or "Mon–Fri, 07:30" in shown
    there.save(there.owner, number=one.subscription_id, rhythm="monthly", month_day="16")
    (one,) = there.everyone()
    assert (one.wanted.schedule.rhythm, one.wanted.schedule.month_day) == ("monthly", 16)


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": []},
        {"at": "25:00"},
        {"at": ""},
        {"zone": "Mars/Olympus"},
        {"rhythm": "hourly"},
        {"rhythm": "monthly", "month_day": "31"},
        {"rhythm": "weekly", "weekday": "9"},
        {"days": ["x"]},
    ],
)
def test_a_form_that_makes_no_sense_keeps_nothing(there: There, wrong: dict[str, Any]) -> None:
    assert "Choose at least one day" in there.save(there.owner, **wrong)
    assert there.everyone() == []


def test_everybody_has_their_own_and_an_owner_sees_all(there: There) -> None:
    there.save(there.owner)
    there.save(there.other)
    mine, theirs = sorted(there.everyone(), key=lambda one: one.user_id != there.owner)
    assert theirs.user_id == there.other, "who asks for somebody is nobody but an owner"
    assert "other@example.com" in there.shown(there.owner)
    assert EMAIL not in there.shown(there.other)
    for what in ("pause", "remove", "preview", "test", "change", "resume", "trust"):
        assert "no such digest" in there.do(there.other, what, mine.subscription_id), what
    assert "Paused." in there.do(there.other, "pause", theirs.subscription_id)
    assert "It goes on" in there.do(there.owner, "resume", theirs.subscription_id)
    assert not any(one.paused for one in there.everyone())


def test_an_owner_has_one_sent_to_somebody_and_others_only_to_themselves(there: There) -> None:
    there.save(there.owner, who=str(there.other))
    assert [one.user_id for one in there.everyone()] == [there.other]
    assert "no such digest" in there.save(there.other, who=str(there.owner))
    assert len(there.everyone()) == 1


def test_a_test_is_put_where_the_workers_find_it(there: There) -> None:
    there.save(there.other)
    (one,) = there.everyone()
    assert "being sent" in there.do(there.other, "test", one.subscription_id)
    (row,) = there.rows("delivery")
    assert (row["state"], row["test"], row["asked_by"]) == ("waiting", True, there.other)
    assert ("digests", 0, 0) in there.board.jobs.asked
    with there.board.warehouse.begin(Scope(1)) as connection:
        connection.execute(text("update delivery set state = 'unsure', error_key = 'mail.unsure',"
                                """ error_params = '{"host": "mx"}'"""))  # fmt: skip
    shown = there.shown(there.other)
    assert "may have arrived already" in shown
    assert "Send again" in shown
    there.do(there.other, "again", row["delivery_id"])
    assert sorted(each["state"] for each in there.rows("delivery")) == ["unsure", "waiting"]


def test_removed_it_leaves_nothing(there: There) -> None:
    there.save(there.other)
    (one,) = there.everyone()
    there.do(there.other, "test", one.subscription_id)
    sure = '{"number":["ALL"],"type":"digests-sure"}'
    pressed = {"number": one.subscription_id, "type": "digests-sure"}
    assert "removed" in there.wild(there.other, sure, pressed)
    assert (there.everyone(), there.rows("delivery")) == ([], [])
    assert there.board.client().get(f"/unsubscribe/{one.token}").status_code == 410


def test_a_webhook_is_kept_sealed_and_never_shown(there: There) -> None:
    address = f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={SECRET}"
    given = {"digests-robot-platform": "wecom", "digests-robot-name": "Bosses",
             "digests-robot-address": address, "digests-robot-secret": ""}  # fmt: skip
    answer = there.press(there.owner, {"digests-robot-save": 1}, given)
    assert SECRET not in answer
    (kept,) = there.rows("robot")
    assert SECRET not in str(kept)
    shown = there.press(there.owner, {"digests-robots-changed": 1}, {})
    assert "Bosses" in shown
    assert SECRET not in shown
    there.save(there.owner, target=str(kept["robot_id"]))
    assert there.everyone()[0].group == "Bosses"
    assert "used by 1" in there.wild(
        there.owner,
        '{"number":["ALL"],"type":"digests-robot-do"}',
        {"number": kept["robot_id"], "type": "digests-robot-do"},
    )
    elsewhere = given | {"digests-robot-address": "https://evil.example.com/cgi-bin/webhook/send"}
    assert "not the webhook" in there.press(there.owner, {"digests-robot-save": 1}, elsewhere)
    assert len(there.rows("robot")) == 1


def test_who_may_only_look_sends_to_no_group(there: There) -> None:
    assert "Only an owner or finance" in there.save(there.other, target="1")
    assert "was removed" in there.save(there.owner, target="1"), "and nobody to none there is"
    assert there.everyone() == []


def test_domains_are_an_owners_to_say(there: There) -> None:
    typed = {"digests-domains": "@tea.cn, Example.com"}
    assert "tea.cn, example.com" in there.press(there.owner, {"digests-domains-save": 1}, typed)
    assert "Only an owner" in there.press(there.other, {"digests-domains-save": 1}, typed)
    nonsense = {"digests-domains": "not a domain!"}
    assert "is no domain" in there.press(there.owner, {"digests-domains-save": 1}, nonsense)
    there.press(there.owner, {"digests-domains-save": 1}, {"digests-domains": "tea.cn"})
    assert "not at a domain that digests may go to" in there.save(there.owner)


def test_the_preview_is_the_digest_in_a_box_that_runs_nothing(there: There) -> None:
    there.save(there.other)
    (one,) = there.everyone()
    path = f"/digests/{one.subscription_id}/preview"
    for user in (there.other, there.owner):
        answer = there.client(user).get(path)
        assert answer.status_code == 200
        assert "data:image/png;base64," in answer.text or "没有" in answer.text
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert there.client(there.owner).get("/digests/999/preview").status_code == 404
    there.save(there.owner)
    mine = max(each.subscription_id for each in there.everyone())
    assert there.client(there.other).get(f"/digests/{mine}/preview").status_code == 404
    assert there.board.client().get(path).status_code in {302, 401}


def test_a_mail_program_ends_it_with_one_post_from_anywhere(there: There) -> None:
    """As RFC 8058 has it: no cookie, no origin of ours, one form field; and twice is once."""
    there.save(there.other)
    (one,) = there.everyone()
    path = f"/unsubscribe/{one.token}"
    for _ in range(2):
        answer = there.board.client().post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    (one,) = there.everyone()
    assert (one.paused, one.paused_key) == (True, "digests.unsubscribed")
    assert "Paused by the link in a mail" in there.shown(there.other)


def test_a_scanner_that_opens_the_link_ends_nothing(there: There) -> None:
    there.save(there.other)
    (one,) = there.everyone()
    client = there.board.client()
    page = client.get(f"/unsubscribe/{one.token}")
    assert page.status_code == 200
    assert f'action="/unsubscribe/{one.token}"' in page.text
    assert "other@example.com" in page.text
    assert client.head(f"/unsubscribe/{one.token}").status_code == 200
    assert not there.everyone()[0].paused
    client.post(f"/unsubscribe/{one.token}")
    client.post(f"/unsubscribe/{one.token}/back")
    assert not there.everyone()[0].paused


@pytest.mark.parametrize("token", ["x", "0", "a" * 43, "%00", "..", "é"])
def test_a_link_that_is_made_up_leads_nowhere(there: There, token: str) -> None:
    client = there.board.client()
    for ask in (client.get, client.post):
        assert ask(f"/unsubscribe/{token}").status_code in {404, 410}


def test_back_does_not_wake_what_a_person_paused(there: There) -> None:
    there.save(there.other)
    (one,) = there.everyone()
    there.do(there.other, "pause", one.subscription_id)
    there.board.client().post(f"/unsubscribe/{one.token}/back")
    assert there.everyone()[0].paused


def test_an_address_of_a_view_is_read_as_what_it_was_made_of(there: There) -> None:
    from urllib.parse import parse_qs

    from chain.days import Period

    period = Period(made.LAST.replace(day=1), made.LAST)
    asked = view(made.BOARD, "/stores", period, against=period.year_before(), metric="orders",
                 stores=(3, 4))  # fmt: skip
    query = {name: each if len(each) > 1 else each[0]
             for name, each in parse_qs(urlsplit(asked).query).items()}  # fmt: skip
    choice = Choice.of(query)
    assert (choice.period, choice.metric, choice.stores) == (
        "2026-03-01..2026-03-15", "orders", (3, 4),
    )  # fmt: skip
    before = period.year_before()
    assert choice.against == f"{before.start}..{before.end}"
