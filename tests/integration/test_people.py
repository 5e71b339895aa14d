"""Joining, leaving, forgetting and proving who one is: every link once, every secret hashed."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from chain.errors import PermanentError
from chain.settings import Settings
from dashboard import guard
from dashboard.frame import Board, Here, Person
from dashboard.pages import people
from dashboard.people import LOCK_AFTER
from dashboard.peoplepage import changes
from dashboard.peoplepage.changes import Typed
from dashboard.second import Second
from runtime.people import reset_password
from tests.conftest import Database
from tests.integration.boards import EMAIL, HERE, PASSWORD, Running, running
from tests.postbox import postbox
from warehouse.directory import links, members
from warehouse.directory.members import Place
from warehouse.reads import Reads
from warehouse.session import Scope
from workers.mails import Mails

NEW = "a password of mine"


@pytest.fixture
def board(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)
    with running(database, tmp_path, (people.page,)) as opened:
        yield opened


def _here(board: Running, user_id: int = 1, role: str = "owner", chain: int = 1) -> Here:
    scope = Scope(chain, user_id=user_id, role=role)
    person = Person(user_id, EMAIL, "", "en", 1, scope)
    return Here(person, "en", "light", Reads(board.warehouse, scope), "r")


def _page(board: Running) -> Board:
    return Board(lambda: _here(board), board.warehouse, board.jobs, board.settings)


def _another_chain(board: Running) -> int:
    _sql(board, "insert into directory.chain values (2, 'Coffee')")
    with board.warehouse.begin(Scope(2)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone)"
                " overriding system value values (2, 'Coffee', 'CNY', 'Asia/Shanghai')"
            )
        )
    return 2


def _invite(board: Running, email: str = "li@example.com", **changed: Any) -> str:
    """Invite somebody by the page; return the path of the link it shows."""
    typed = replace(Typed(0, email, "李店长", "viewer", [], [], "zh"), **changed)
    link = changes.save(_page(board), _here(board), typed)
    assert link is not None
    return link.address


def _join(board: Running, path: str, password: str = NEW) -> tuple[FlaskClient, int]:
    client = board.client()
    form = {"name": "Li", "password": password}
    return client, client.post(path, data=form, headers=HERE).status_code


def _log_in(board: Running, email: str, password: str) -> tuple[FlaskClient, str]:
    client = board.client()
    form = {"email": email, "password": password}
    return client, client.post("/login", data=form, headers=HERE).headers.get("Location", "")


def _sql(board: Running, statement: str) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(text(statement))


def test_an_invitation_lets_one_person_in_once(board: Running) -> None:
    path = _invite(board)
    shown = board.client().get(path, headers={"Accept-Language": "en"})
    assert (shown.status_code, "欢迎加入 Tea" in shown.text) == (200, True)
    client, status = _join(board, path)
    assert status == 303
    assert client.get("/").status_code == 200
    again, status = _join(board, path, "another password")
    assert status == 410
    assert again.get("/_dash-layout").status_code == 401
    assert _log_in(board, "li@example.com", NEW)[1] == "/"
    assert board.jobs.asked == []


def test_no_table_holds_what_a_link_or_a_cookie_holds(board: Running) -> None:
    token = _invite(board).rpartition("/")[2]
    client = board.logged_in()
    with client.session_transaction() as session:
        cookie = session["token"]
    with board.warehouse.directory() as connection:
        for table in ("invitation", "session", "password_reset", "app_user", "recovery_code"):
            rows = connection.execute(text(f"select t::text from directory.{table} t")).scalars()
            for row in rows:
                assert token not in row
                assert cookie not in row


@pytest.mark.parametrize("kind", ["old", "made up", "withdrawn", "of another"])
def test_a_link_that_is_no_good_lets_nobody_in(board: Running, kind: str) -> None:
    path = _invite(board)
    if kind == "old":
        _sql(board, "update directory.invitation set ends_at = now() - interval '1 second'")
    elif kind == "made up":
        path = path[:-4] + "AAAA"
    elif kind == "withdrawn":
        changes.withdraw(_page(board), _here(board), 1)
    else:
        path = path.replace("/join/", "/reset/")
    client, status = _join(board, path)
    assert status == 410
    assert client.get("/_dash-layout").status_code == 401


@pytest.mark.parametrize("password", ["short", "1111111111", "li@example.com"])
def test_a_password_that_is_easy_to_guess_is_not_taken(board: Running, password: str) -> None:
    path = _invite(board)
    assert _join(board, path, password)[1] == 400
    assert _join(board, path)[1] == 303


def test_an_invitation_changes_no_password_that_there_is(board: Running) -> None:
    """An owner of one chain must not come into another by inviting who is there."""
    other = _another_chain(board)
    scope = Scope(other, user_id=9)
    number = links.invite(board.warehouse, scope, EMAIL, "", "en", Place("viewer"))
    letter = links.invitation_letter(board.warehouse, number)
    assert letter is not None
    path = f"/join/{letter.token}"
    assert _join(board, path, "the thief's password")[1] == 400
    assert _log_in(board, EMAIL, "the thief's password")[1] == ""
    client, status = _join(board, path, PASSWORD)
    assert status == 303
    assert "Coffee" in _layout(client) or client.get("/people").status_code == 200
    with board.warehouse.directory() as connection:
        found = connection.execute(
            text("select chain_id, role from directory.membership where user_id = 1 order by 1")
        ).all()
    assert [tuple(row) for row in found] == [(1, "owner"), (other, "viewer")]
    with pytest.raises(PermanentError) as refused:
        changes.new_password(_page(board), _here(board, 2), 1)
    assert refused.value.key == "people.not_theirs"


def _layout(client: FlaskClient) -> str:
    return client.get("/_dash-layout").text


def test_access_that_is_taken_away_ends_at_once(board: Running) -> None:
    client, _ = _join(board, _invite(board))
    assert client.get("/_dash-layout").status_code == 200
    changes.revoke(_page(board), _here(board), 2)
    assert client.get("/_dash-layout").status_code == 401
    assert _log_in(board, "li@example.com", NEW)[1] == ""
    assert _audit(board) == ["person.invite", "person.revoke"]


def _audit(board: Running) -> list[str]:
    with board.warehouse.begin(Scope(1)) as connection:
        return list(connection.scalars(text("select action from audit_log order by audit_id")))


def test_a_role_that_is_changed_holds_at_once(board: Running) -> None:
    client, _ = _join(board, _invite(board, role="owner"))
    assert "people-invite" in _people(client)
    typed = Typed(2, "", "", "viewer", [], [], "en")
    changes.save(_page(board), _here(board), typed)
    assert "not for your role" in _people(client)


def _people(client: FlaskClient) -> str:
    client.post("/language", data={"lang": "en"}, headers=HERE)
    outputs = [("_pages_content", "children"), ("_pages_store", "data")]
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": [{"id": name, "property": what} for name, what in outputs],
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": "/people"},
            {"id": "_pages_location", "property": "search", "value": ""},
        ],
        "changedPropIds": ["_pages_location.pathname"],
    }
    return client.post("/_dash-update-component", json=body, headers=HERE).text


def test_one_owner_stays(board: Running) -> None:
    attempts: tuple[Callable[[], object], ...] = (
        lambda: members.revoke(board.warehouse, Scope(1, user_id=2), 1),
        lambda: members.change(board.warehouse, Scope(1, user_id=2), 1, Place("viewer")),
    )
    for attempt in attempts:
        with pytest.raises(PermanentError) as refused:
            attempt()
        assert refused.value.key == "people.last_owner"
    assert [one.place.role for one in members.members(board.warehouse, Scope(1))] == ["owner"]


@pytest.mark.parametrize("role", ["finance", "regional", "store", "viewer"])
def test_only_an_owner_invites_and_revokes(board: Running, role: str) -> None:
    number = links.invite(board.warehouse, Scope(1), "x@example.com", "", "en", Place("viewer"))
    asker = _here(board, 1, role)
    typed = Typed(0, "y@example.com", "", "owner", [], [], "en")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: changes.save(_page(board), asker, typed),
        lambda: changes.send(_page(board), asker, number),
        lambda: changes.withdraw(_page(board), asker, number),
        lambda: changes.revoke(_page(board), asker, 1),
        lambda: changes.new_password(_page(board), asker, 1),
    )
    for attempt in attempts:
        with pytest.raises(PermanentError) as refused:
            attempt()
        assert refused.value.key == "people.not_allowed"
    scope = Scope(1, user_id=1, role=role, store_ids=())
    assert links.invitations(board.warehouse, scope) == []


def test_the_people_of_another_chain_are_out_of_reach(board: Running) -> None:
    other = _another_chain(board)
    number = links.invite(board.warehouse, Scope(1), "x@example.com", "", "en", Place("viewer"))
    thief = Scope(other, user_id=7)
    assert members.members(board.warehouse, thief) == []
    assert links.invitations(board.warehouse, thief) == []
    attempts: tuple[Callable[[], object], ...] = (
        lambda: members.revoke(board.warehouse, thief, 1),
        lambda: members.change(board.warehouse, thief, 1, Place("viewer")),
        lambda: links.own_invitation(board.warehouse, thief, number),
    )
    for attempt in attempts:
        with pytest.raises(PermanentError) as refused:
            attempt()
        assert refused.value.key == "people.gone"
    links.withdraw(board.warehouse, thief, number)
    assert len(links.invitations(board.warehouse, Scope(1))) == 1


def test_a_forgotten_password_is_chosen_anew_by_mail(board: Running) -> None:
    old = board.logged_in()
    for _ in range(LOCK_AFTER):
        _log_in(board, EMAIL, "guess")
    with postbox() as box:
        mails = Mails(board.warehouse, _with_mail(box.port))
        assert links.ask_reset(board.warehouse, EMAIL.upper()) == 1
        mails.reset(1)
    (mail,) = box.mails
    plain = mail.get_body(("plain",))
    assert plain is not None
    found = re.search(r"https://board\.example\.com(/reset/\S+)", plain.get_content())
    assert found
    client = board.client()
    assert EMAIL in client.get(found[1]).text
    assert client.post(found[1], data={"password": NEW}, headers=HERE).status_code == 303
    assert client.post(found[1], data={"password": NEW}, headers=HERE).status_code == 410
    assert old.get("/_dash-layout").status_code == 401
    assert _log_in(board, EMAIL, NEW)[1] == "/"


def _with_mail(port: int) -> Settings:
    return Settings(
        smtp_host="localhost",
        smtp_port=port,
        smtp_security="none",
        mail_from="board@example.com",
        public_url="https://board.example.com",
    )


def test_an_invitation_comes_by_mail_and_a_refusal_is_seen(board: Running) -> None:
    with postbox() as box:
        box.answers = {"bad@example.com": "550 nobody here"}
        mails = Mails(board.warehouse, _with_mail(box.port))
        for email in ("li@example.com", "bad@example.com"):
            number = links.invite(board.warehouse, Scope(1), email, "", "zh", Place("store"))
            mails.invitation(number)
            mails.invitation(number)
        mails.invitation(999)
    assert [mail["To"] for mail in box.mails] == ["li@example.com"] * 2
    assert "邀请您" in str(box.mails[0]["Subject"])
    state = {
        one.email: (one.sent_at is not None, one.failed)
        for one in links.invitations(board.warehouse, Scope(1))
    }
    assert state == {"li@example.com": (True, False), "bad@example.com": (False, True)}
    first, last = (
        re.search(r"(/join/\S+)", mail.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        for mail in box.mails
    )
    assert first
    assert last
    assert _join(board, first[1])[1] == 410, "the later link is the one"
    assert _join(board, last[1])[1] == 303


def test_asking_for_a_link_tells_nothing_of_who_is_there(
    database: Database, tmp_path: Path, board: Running
) -> None:
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        answer = board.client().post("/forgot", data={"email": email}, headers=HERE)
        answers.append((answer.status_code, answer.text.replace(email, "X")))
    assert answers[0] == answers[1]


def test_links_are_not_guessed_for_long(board: Running) -> None:
    client = board.client()
    for number in range(25):
        answer = client.post(f"/reset/guess{number}", data={"password": NEW}, headers=HERE)
    assert "Too many tries" in answer.text


def test_devices_are_seen_and_logged_out(board: Running) -> None:
    phone, desk = board.logged_in(), board.logged_in()
    assert phone.get("/account").text.count('name="session"') == 1
    desk.post("/account/end-others", headers=HERE)
    assert phone.get("/_dash-layout").status_code == 401
    assert desk.get("/account").status_code == 200
    third = board.logged_in()
    number = re.search(r'name="session" value="(\d+)"', desk.get("/account").text)
    assert number
    stranger, _ = _join(board, _invite(board))
    stranger.post("/account/end", data={"session": number[1]}, headers=HERE)
    assert third.get("/_dash-layout").status_code == 200
    desk.post("/account/end", data={"session": number[1]}, headers=HERE)
    assert third.get("/_dash-layout").status_code == 401


def test_a_new_password_ends_the_other_sessions(board: Running) -> None:
    other, mine = board.logged_in(), board.logged_in()
    wrong = mine.post("/account/password", data={"old": "x", "password": NEW}, headers=HERE)
    assert (wrong.status_code, other.get("/_dash-layout").status_code) == (400, 200)
    mine.post("/account/password", data={"old": PASSWORD, "password": NEW}, headers=HERE)
    assert other.get("/_dash-layout").status_code == 401
    assert mine.get("/account").status_code == 200
    assert _log_in(board, EMAIL, NEW)[1] == "/"


def _with_second(board: Running) -> tuple[str, list[str]]:
    """Turn the second factor on by the page; return its secret and the recovery codes."""
    client = board.logged_in()
    page = client.post("/account/second", headers=HERE).text
    assert "<svg" in page
    with client.session_transaction() as session:
        secret = str(session["second"])
    code = pyotp.TOTP(secret).at(datetime.now(UTC) - timedelta(seconds=30))
    shown = client.post("/account/second-on", data={"code": code}, headers=HERE).text
    return secret, re.findall(r"<code>([A-Z0-9-]{19})</code>", shown)


def test_with_a_second_factor_the_password_alone_lets_nobody_in(board: Running) -> None:
    secret, codes = _with_second(board)
    assert len(set(codes)) == 10
    client, target = _log_in(board, EMAIL, PASSWORD)
    assert target == "/code"
    assert client.get("/_dash-layout").status_code == 401
    code = pyotp.TOTP(secret).now()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert client.post("/code", data={"code": wrong}, headers=HERE).status_code in {403, 303}
    assert client.post("/code", data={"code": code}, headers=HERE).status_code == 303
    assert client.get("/_dash-layout").status_code == 200
    second, _ = _log_in(board, EMAIL, PASSWORD)
    assert second.post("/code", data={"code": code}, headers=HERE).status_code == 403, "used"
    paper = codes[0].lower()
    assert second.post("/code", data={"code": paper}, headers=HERE).status_code == 303
    third, _ = _log_in(board, EMAIL, PASSWORD)
    assert third.post("/code", data={"code": paper}, headers=HERE).status_code == 403


def test_guessing_codes_locks_the_account(board: Running) -> None:
    _with_second(board)
    for _ in range(LOCK_AFTER):
        client, target = _log_in(board, EMAIL, PASSWORD)
        assert target == "/code"
        client.post("/code", data={"code": "WRONG"}, headers=HERE)
    assert _log_in(board, EMAIL, PASSWORD)[1] == ""


def test_the_owner_who_lost_phone_and_password_is_let_in_by_the_command(board: Running) -> None:
    _with_second(board)
    secret = reset_password(board.warehouse, EMAIL, without_second=False)
    assert _log_in(board, EMAIL, secret)[1] == "/code"
    secret = reset_password(board.warehouse, EMAIL, without_second=True)
    assert _log_in(board, EMAIL, secret)[1] == "/"


def test_under_another_secret_key_the_codes_on_paper_still_work(board: Running) -> None:
    secret, codes = _with_second(board)
    moved = Second(board.warehouse, "n" * 40)
    now = datetime.now(UTC)
    with board.warehouse.directory() as connection:
        assert not moved.right(connection, 1, pyotp.TOTP(secret).now(), now)
        assert moved.right(connection, 1, codes[3], now)


def test_no_state_is_changed_for_another_site(board: Running) -> None:
    """Every route that takes a POST, Dash's callbacks included."""
    client = board.logged_in()
    tried = 0
    for rule in board.app.server.url_map.iter_rules():
        path = re.sub(r"<[^>]*>", "1", rule.rule)
        if path.startswith("/unsubscribe/1"):
            continue  # mail providers post to it (RFC 8058); its token alone says whose it is
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            for headers in ({}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "none"}):
                answer = client.open(path, method=method, headers=headers)
                assert answer.status_code == 403, (method, path, headers)
                tried += 1
    assert tried >= 40
    assert client.get("/_dash-layout").status_code == 200


def test_the_form_asks_for_stores_where_a_role_needs_them(board: Running) -> None:
    with pytest.raises(PermanentError) as refused:
        _invite(board, role="store", stores=["77"])
    assert refused.value.key == "people.no_stores"


def test_the_page_shows_who_is_there_and_who_is_invited(board: Running) -> None:
    _invite(board)
    client = board.logged_in()
    body = {
        "output": "people-list.children",
        "outputs": {"id": "people-list", "property": "children"},
        "inputs": [{"id": "people-changed", "property": "data", "value": 0}],
        "changedPropIds": [],
    }
    told = client.post("/_dash-update-component", json=body, headers=HERE)
    said = json.dumps(told.get_json(), ensure_ascii=False)
    for part in ("One person sees this chain: you.", EMAIL, "李店长", "By link", "The whole chain"):
        assert part in said
