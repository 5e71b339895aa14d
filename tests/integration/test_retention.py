"""Personal data goes when its time is up, and no sum changes; a person who asks is forgotten."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text

from chain.errors import PermanentError
from chain.retention import KINDS
from chain.settings import Settings
from dashboard import keeping
from dashboard.frame import Board, Here, Person
from tests.bills import MadeBill, load
from tests.conftest import Database
from tests.integration.boards import NotedJobs
from warehouse import retention
from warehouse.chains import NewChain, create_chain
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse, sqlalchemy_url
from workers import retention as job
from workers.retention import Keeping

NOW = datetime.now(UTC).replace(hour=4, minute=0, second=0, microsecond=0)
OLD, YOUNG = NOW - timedelta(days=800), NOW - timedelta(days=10)
ME, SHE, BOTH = 1, 2, 3
SUMS = (
    "store_day", "store_day_total", "store_hour", "store_month", "store_month_total",
    "chain_version",
)  # fmt: skip


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    opened = Warehouse(database.app)
    for name in ("Tea", "Coffee"):
        create_chain(opened, NewChain(name))
    with opened.directory() as connection:
        connection.execute(
            text(
                "insert into directory.app_user (email, name, password_hash) values"
                " ('me@example.com', 'Me', ''), ('she@example.com', 'She', ''),"
                " ('both@example.com', 'Both', '')"
            )
        )
        connection.execute(
            text(
                "insert into directory.membership (chain_id, user_id, role) values"
                " (1, 1, 'owner'), (1, 2, 'finance'), (1, 3, 'viewer'), (2, 3, 'owner')"
            )
        )
    yield opened
    opened.close()


@pytest.fixture
def behind(database: Database) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(database.superuser), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _pay(warehouse: Warehouse, chain: int = 1) -> None:
    rows = [
        {"external_id": f"{payer} {at:%F}", "gross": 100 + number, "occurred_at": at,
         "payer": payer}
        for number, (payer, at) in enumerate((p, at) for p in ("a", "b") for at in (OLD, YOUNG))
    ]  # fmt: skip
    load(warehouse, Scope(chain), MadeBill(rows))
    # Another version of the old ones: what lost is kept in the history, with its payer.
    changed = [{**row, "gross": 200} for row in rows if row["occurred_at"] == OLD]
    load(warehouse, Scope(chain), MadeBill(changed, exported_at=NOW))


def _all(behind: Connection, query: str) -> list[Any]:
    return [tuple(row) for row in behind.execute(text(query))]


def test_payers_go_and_no_payment_and_no_sum_changes(
    warehouse: Warehouse, behind: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "CHUNK", 1)
    _pay(warehouse)
    kept = (
        "select to_jsonb(p) - 'payer_hash' from payment p order by key",
        "select to_jsonb(p) - 'payer_hash' from payment_history p order by key",
        *(f"select * from {table} order by 1, 2, 3" for table in SUMS),
    )
    before = [_all(behind, query) for query in kept]
    assert before[1], "the twin: there is a history with payers"
    assert Keeping(warehouse).apply()["payers"] == 4
    assert [_all(behind, query) for query in kept] == before
    left = _all(behind, "select occurred_at from payment where payer_hash is not null")
    assert {at for (at,) in left} == {YOUNG}
    assert _all(behind, "select 1 from payment_history where payer_hash is not null") == []
    assert Keeping(warehouse).apply()["payers"] == 0


def test_a_bill_that_comes_again_is_the_same_though_its_payer_is_gone(
    warehouse: Warehouse, behind: Connection
) -> None:
    row = {"external_id": "1", "gross": 5, "occurred_at": OLD, "payer": "a"}
    load(warehouse, Scope(1), MadeBill([row]))
    Keeping(warehouse).apply()
    load(warehouse, Scope(1), MadeBill([row]))
    assert _all(behind, "select gross, payer_hash from payment") == [(5, None)]
    assert _all(behind, "select 1 from payment_history") == []


def _rows(behind: Connection, chain: int, days: int) -> None:
    values = {"chain": chain, "at": NOW - timedelta(days=days), "days": days}
    for statement in _OF_EACH_KIND:
        behind.execute(text(statement), values)


_OF_EACH_KIND = (
    """
    insert into import_batch (chain_id, batch_id, sha256, file_name, size_bytes, state, created_at)
    overriding system value
    values (:chain, 1000 + :days, cast(cast(:days as text) as bytea), 'x', 1, 'done', :at)
    """,
    """
    insert into reject (chain_id, batch_id, line, reason, raw, params)
    values (:chain, 1000 + :days, 1, 'etl.bad.zone', 'Li Lei', '{"value"\\: "Li Lei"}')
    """,
    """
    insert into audit_log (chain_id, at, action) values (:chain, :at, 'x')
    """,
    """
    insert into directory.session (token_hash, user_id, chain_id, seen_at, ends_at)
    values (cast(cast(:chain * 100000 + :days as text) as bytea), 1, :chain, :at,
        cast(:at as timestamptz) + interval '1 hour')
    """,
    """
    insert into directory.invitation (chain_id, email, role, ends_at)
    values (:chain, :days || '@example.com', 'viewer', :at)
    """,
)


def test_each_kind_is_kept_for_its_days_and_no_longer(
    warehouse: Warehouse, behind: Connection
) -> None:
    bounds = {KINDS[kind].days for kind in ("rejects", "audit", "sessions", "invitations")}
    for days in sorted(bounds):
        _rows(behind, 1, days - 1)
        _rows(behind, 1, days + 1)
    assert bounds == {30, 90, 1095}
    found = Keeping(warehouse).apply()
    assert found == {"rejects": 3, "audit": 1, "sessions": 5, "invitations": 5, "payers": 0}
    raw = dict(
        _all(behind, "select batch_id - 1000, raw from reject where params = '{}' or raw <> ''")
    )
    assert {days for days, told in raw.items() if told} == {29, 31, 89}
    assert {days for days, told in raw.items() if not told} == {91, 1094, 1096}
    assert _all(behind, "select count(*) from reject") == [(6,)]
    emails = {email for (email,) in _all(behind, "select email from directory.invitation")}
    assert emails == {"29@example.com"}
    assert len(_all(behind, "select 1 from directory.session")) == 1


def test_a_log_in_that_goes_on_stays(warehouse: Warehouse, behind: Connection) -> None:
    behind.execute(
        text(
            "insert into directory.session (token_hash, user_id, chain_id, seen_at, ends_at)"
            " values ('t', 1, 1, now() - interval '90 days', now() + interval '1 day')"
        )
    )
    assert Keeping(warehouse).apply()["sessions"] == 0


def test_a_chain_has_its_own_days_and_another_keeps_the_default(
    warehouse: Warehouse, behind: Connection
) -> None:
    retention.set_rules(warehouse, Scope(1, ME), _days(rejects=7))
    for chain in (1, 2):
        _rows(behind, chain, 20)
    Keeping(warehouse).apply()
    assert _all(behind, "select chain_id, raw from reject order by 1") == [(1, ""), (2, "Li Lei")]
    with warehouse.begin(Scope(1)) as connection:
        assert retention.rules(connection, 1)["rejects"] == 7


def _days(**given: int) -> dict[str, int]:
    return {kind: known.days for kind, known in KINDS.items()} | given


@pytest.mark.parametrize("days", [0, -1, 40000])
def test_days_that_are_no_good_are_refused_and_nothing_saved(
    warehouse: Warehouse, days: int
) -> None:
    with pytest.raises(PermanentError, match="Nothing was saved"):
        retention.set_rules(warehouse, Scope(1, ME), _days(audit=days))
    with warehouse.begin(Scope(1)) as connection:
        assert retention.rules(connection, 1) == _days()


@pytest.mark.parametrize("role", ["finance", "regional", "store", "viewer"])
def test_the_server_itself_lets_only_an_owner_set_days(warehouse: Warehouse, role: str) -> None:
    with pytest.raises(Exception, match="row-level security"):
        retention.set_rules(warehouse, Scope(1, SHE, role), _days(rejects=7))
    retention.set_rules(warehouse, Scope(1, ME), _days(rejects=7))


def test_what_is_typed_is_a_whole_number_or_refused() -> None:
    assert [keeping.whole(value) for value in (7, 7.0, 7.5, "", None, True, "7")] == [
        7, 7, 0, 0, 0, 0, 0,
    ]  # fmt: skip


_NAMES = (
    """
    insert into directory.session (token_hash, user_id, chain_id, ends_at)
    values ('a', :user, 1, now() + interval '1 day')
    """,
    "insert into directory.recovery_code values (:user, 'x')",
    "insert into directory.password_reset (user_id, ends_at) values (:user, now())",
    """
    insert into directory.invitation (chain_id, email, role, ends_at)
    values (2, :email, 'viewer', now())
    """,
    """
    insert into subscription (chain_id, user_id, kind, time_zone, at, token)
    values (1, :user, 'daily', 'Asia/Shanghai', '08:00', 't')
    """,
    """
    insert into export_schedule (chain_id, user_id, what, span, rhythm, at, lang)
    values (1, :user, 'reports', 'day', 'daily', '08:00', 'en')
    """,
)


def _name_them(warehouse: Warehouse, behind: Connection, email: str, user: int) -> None:
    with warehouse.begin(Scope(1, ME)) as connection:
        connection.execute(
            text(
                "insert into audit_log (chain_id, user_id, action, subject, detail) values"
                " (1, 1, 'person.invite', '7', cast(:d as jsonb)),"
                " (1, :user, 'store', 'S1', '{\"name\": \"S\"}')".replace('":', '"\\:')
            ),
            {"d": json.dumps({"email": email.upper(), "role": "viewer"}), "user": user},
        )
    for statement in _NAMES:
        behind.execute(text(statement), {"user": user, "email": email})


def test_a_person_is_forgotten_everywhere_and_what_they_did_stays(
    warehouse: Warehouse, behind: Connection
) -> None:
    _name_them(warehouse, behind, "she@example.com", SHE)
    assert retention.forget(warehouse, "She@Example.com") == (1, 2)
    for table in ("app_user", "membership", "session", "recovery_code", "password_reset"):
        assert _all(behind, f"select 1 from directory.{table} where user_id = {SHE}") == [], table
    assert _all(behind, "select 1 from directory.invitation") == []
    for table in ("subscription", "export_schedule"):
        assert _all(behind, f"select 1 from {table}") == [], table
    told = _all(behind, "select user_id, action, detail from audit_log order by audit_id")
    assert told == [(ME, "person.invite", {"role": "viewer"}), (SHE, "store", {"name": "S"})]
    everything = json.dumps(
        [_all(behind, f"select t::text from directory.{table} t")
         for table in ("app_user", "membership", "invitation", "session")]
    )  # fmt: skip
    assert "she@" not in everything.lower()
    assert "me@example.com" in everything
    with pytest.raises(PermanentError, match="Nobody has the address"):
        retention.forget(warehouse, "she@example.com")


def test_an_invited_person_who_never_came_is_forgotten_too(
    warehouse: Warehouse, behind: Connection
) -> None:
    behind.execute(
        text(
            "insert into directory.invitation (chain_id, email, role, ends_at)"
            " values (1, 'new@example.com', 'viewer', now())"
        )
    )
    assert retention.forget(warehouse, "new@example.com") == (1,)
    assert _all(behind, "select 1 from directory.invitation") == []
    assert len(_all(behind, "select 1 from directory.app_user")) == 3


def test_the_only_owner_of_a_chain_stays_until_there_is_another(
    warehouse: Warehouse, behind: Connection
) -> None:
    with pytest.raises(PermanentError, match="only owner of: Tea"):
        retention.forget(warehouse, "me@example.com")
    assert len(_all(behind, "select 1 from directory.membership")) == 4
    behind.execute(text("update directory.membership set role = 'owner' where user_id = 2"))
    assert retention.forget(warehouse, "me@example.com") == (1,)


def test_an_owner_forgets_who_is_in_no_other_chain_and_nobody_else(
    warehouse: Warehouse, behind: Connection, tmp_path: Path
) -> None:
    board = Board(partial(_here, warehouse), warehouse, NotedJobs(), Settings(data=tmp_path))
    with pytest.raises(PermanentError, match="another chain"):
        keeping.forget(board, _here(warehouse), BOTH)
    with pytest.raises(PermanentError, match="This is you"):
        keeping.forget(board, _here(warehouse), ME)
    with pytest.raises(PermanentError, match="Only an owner"):
        keeping.forget(board, _here(warehouse, "finance"), SHE)
    with pytest.raises(PermanentError, match="another chain"):
        keeping.forget(board, _here(warehouse, chain=2), SHE)
    assert len(_all(behind, "select 1 from directory.app_user")) == 3
    keeping.forget(board, _here(warehouse), SHE)
    assert _all(behind, "select user_id from directory.app_user order by 1") == [(ME,), (BOTH,)]


def _here(warehouse: Warehouse, role: str = "owner", chain: int = 1) -> Here:
    scope = Scope(chain, ME, role)
    person = Person(ME, "me@example.com", "", "en", 1, scope)
    return Here(person, "en", "light", Reads(warehouse, scope), "r1")
