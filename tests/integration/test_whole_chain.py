"""A whole chain is taken along and read in elsewhere, and is removed without anything left."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy import Connection, create_engine, text

from chain.alerts import Rule
from chain.errors import PermanentError, TransientError
from chain.jobs import FORECASTS, QUEUE
from chain.settings import Settings
from dashboard import wholechain
from dashboard.frame import Board, Here, Person
from dashboard.people import hash_password
from runtime.embedded import Valkey
from tests.conftest import Database
from tests.integration.boards import PASSWORD, NotedJobs
from tests.integration.test_tenancy import TENANT, insert_row
from warehouse import alerts, robots
from warehouse.alerts import SavedRule
from warehouse.cache import FigureCache
from warehouse.reads import Reads
from warehouse.robots import Webhook
from warehouse.session import Scope, Warehouse, sqlalchemy_url
from warehouse.wholechain import archive, removal
from warehouse.wholechain.tables import (
    NOT_ARCHIVED,
    WRITTEN_DOWN,
    archived_tables,
    is_people,
    is_person,
)
from workers import removals
from workers.removals import Removals
from workers.waiting import arguments, forget

MINE, OTHER = 1, 2
ME, BOTH = 11, 12
"""People: one of the first chain alone, one of both."""
WITH_CHAIN = text(
    """
    select format('%I.%I', c.table_schema, c.table_name) from information_schema.columns c
    where column_name = 'chain_id' and table_schema in ('public', 'directory')
      and table_name <> 'place_store'
      and not exists (select from pg_class k where k.relispartition and k.relname = c.table_name)
    order by 1
    """
)
WITHOUT_CHAIN = {
    "alembic_version": "of the program",
    "app_user": "people, who may be of several chains",
    "password_reset": "of a person",
    "recovery_code": "of a person",
}


@dataclass
class World:
    """Two chains with a row in every table, and the superuser's view of them."""

    database: Database
    warehouse: Warehouse
    behind: Connection
    settings: Settings
    calls: list[str] = field(default_factory=list)

    def removals(self, warehouse: Warehouse | None = None) -> Removals:
        return Removals(
            warehouse or self.warehouse,
            self.settings,
            self._forget,
            lambda: self.calls.append("figures"),
        )

    def _forget(self, chain: int) -> int:
        self.calls.append(f"jobs {chain}")
        return 0

    def counts(self, chain: int) -> dict[str, int]:
        """Return how many rows each table there is has of a chain."""
        self.behind.rollback()
        return {
            table: int(
                self.behind.scalar(
                    text(f"select count(*) from {table} where chain_id = :c"), {"c": chain}
                )
                or 0
            )
            for table in self.behind.scalars(WITH_CHAIN).all()
        }

    def people(self) -> set[int]:
        self.behind.rollback()
        return set(self.behind.scalars(text("select user_id from directory.app_user")))

    def ask(self, grace: timedelta = timedelta(0)) -> None:
        removal.ask(self.warehouse, Scope(MINE, ME), grace)


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    engine = create_engine(sqlalchemy_url(database.superuser))
    with engine.connect() as behind:
        behind.execute(text("set session_replication_role = replica"))
        for chain in (MINE, OTHER):
            for table in TENANT:
                for store in (10, 11) if "store_id" in table.c else (10,):
                    insert_row(behind, table.name, chain, store)
        for statement in _PEOPLE:
            behind.execute(text(statement), {"hash": hash_password(PASSWORD)})
        behind.execute(text("alter sequence chain_chain_id_seq restart with 50"))
        behind.commit()
        warehouse = Warehouse(database.app)
        yield World(database, warehouse, behind, Settings(data=tmp_path))
        warehouse.close()
    engine.dispose()


_PEOPLE = (
    "insert into directory.chain values (1, 'Tea'), (2, 'Coffee')",
    "update chain set name = 'Tea', time_zone = 'Asia/Shanghai' where chain_id = 1",
    """
    insert into directory.app_user (user_id, email, password_hash) overriding system value
    values (11, 'me@example.com', :hash), (12, 'both@example.com', :hash)
    """,
    """
    insert into directory.membership (chain_id, user_id, role)
    values (1, 11, 'owner'), (1, 12, 'finance'), (2, 12, 'owner')
    """,
    """
    insert into directory.session (token_hash, user_id, chain_id, ends_at)
    values ('a', 11, 1, now() + interval '1 day'), ('b', 12, 1, now() + interval '1 day'),
        ('c', 12, 2, now() + interval '1 day')
    """,
    """
    insert into directory.invitation (chain_id, email, role, ends_at)
    values (1, 'new@example.com', 'viewer', now()), (2, 'new@example.com', 'viewer', now())
    """,
    "insert into directory.password_reset (user_id, ends_at) values (11, now()), (12, now())",
    "insert into directory.recovery_code values (11, 'x'), (12, 'x')",
)


def test_every_table_is_of_a_chain_or_named_here(world: World) -> None:
    found = set(
        world.behind.scalars(
            text(
                "select k.relname from pg_class k join pg_namespace n on n.oid = k.relnamespace"
                " where n.nspname in ('public', 'directory') and k.relkind in ('r', 'p')"
                " and not k.relispartition"
            )
        )
    )
    of_a_chain = {name.partition(".")[2].strip('"') for name in world.behind.scalars(WITH_CHAIN)}
    assert found == of_a_chain | set(WITHOUT_CHAIN)
    assert all(world.counts(MINE)[f"public.{table.name}"] for table in TENANT if table.name not in
               {"exception", "match"})  # fmt: skip


def test_nothing_of_a_removed_chain_is_left_and_all_of_the_other(world: World) -> None:
    others = world.counts(OTHER)
    world.ask()
    assert world.removals().run() == 1
    left = {table: count for table, count in world.counts(MINE).items() if count}
    assert left == {f"directory.{WRITTEN_DOWN}": 1}
    assert world.counts(OTHER) == others
    assert world.people() == {BOTH}
    for table in ("password_reset", "recovery_code"):
        users = world.behind.scalars(text(f"select user_id from directory.{table}")).all()
        assert users == [BOTH]
    assert world.calls == [f"jobs {MINE}", "figures"]
    assert world.removals().run() == 0


def test_what_is_written_down_names_nobody(world: World) -> None:
    world.ask()
    world.removals().run()
    world.behind.rollback()
    row = world.behind.execute(text("select * from directory.chain_removal")).one()
    assert (row.chain_id, row.asked_by) == (MINE, ME)
    assert row.done_at >= row.begun_at >= row.asked_at
    assert row.row_count > len(TENANT)
    assert not any(isinstance(value, str) for value in row)
    assert ME not in world.people(), "the number leads to nobody any more"


class Mortal(Warehouse):
    """A warehouse at whose nth transaction the process is killed."""

    def __init__(self, url: str, lives: int) -> None:
        super().__init__(url)
        self.lives = lives

    @contextmanager
    def begin(self, scope: Scope, *, snapshot: bool = False) -> Iterator[Connection]:
        self._live()
        with super().begin(scope, snapshot=snapshot) as connection:
            yield connection

    @contextmanager
    def directory(self) -> Iterator[Connection]:
        self._live()
        with super().directory() as connection:
            yield connection

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise KeyboardInterrupt


def test_a_removal_may_be_killed_at_any_transaction_and_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removals, "CHUNK", 1)
    others = world.counts(OTHER)
    world.ask()
    kills = 0
    for lives in range(1, 400, 7):
        mortal = Mortal(world.database.app, lives)
        try:
            world.removals(mortal).run()
            break
        except KeyboardInterrupt:
            kills += 1
        finally:
            mortal.close()
    assert kills > 10
    left = {table: count for table, count in world.counts(MINE).items() if count}
    assert left == {f"directory.{WRITTEN_DOWN}": 1}
    assert world.counts(OTHER) == others


def test_what_a_running_job_still_wrote_is_taken_by_the_next_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.ask()
    first = removal.remove_some

    def late(connection: Connection, table: Any, chain_id: int, most: int) -> int:
        gone = first(connection, table, chain_id, most)
        if table.name == "chain_version":
            connection.execute(text("insert into region (chain_id, name) values (1, 'late')"))
        return gone

    monkeypatch.setattr(removal, "remove_some", late)
    with pytest.raises(TransientError):
        world.removals().run()
    monkeypatch.setattr(removal, "remove_some", first)
    assert world.removals().run() == 1
    assert sum(world.counts(MINE).values()) == 1


def test_files_go_but_for_those_that_another_chain_has_too(world: World) -> None:
    inbox, made = world.settings.inbox, world.settings.exports
    inbox.mkdir(parents=True)
    made.mkdir()
    mine, shared = b"m" * 32, b"s" * 32
    with world.warehouse.begin(Scope(MINE)) as connection:
        for sha in (mine, shared):
            connection.execute(_UPLOAD, {"chain": MINE, "sha": sha})
    with world.warehouse.begin(Scope(OTHER)) as connection:
        connection.execute(_UPLOAD, {"chain": OTHER, "sha": shared})
    for sha in (mine, shared):
        (inbox / sha.hex()).write_text("a bill")
    (made / "1-7.parts").mkdir()
    for name in ("1-7", "1-7.parts/3.pdf", ".1-8.99", "2-7", "11-7"):
        (made / name).touch()
    world.ask()
    world.removals().run()
    assert {path.name for path in inbox.iterdir()} == {shared.hex()}
    assert {path.name for path in made.iterdir()} == {"2-7", "11-7"}


_UPLOAD = text(
    "insert into import_batch (chain_id, sha256, file_name, size_bytes, state)"
    " values (:chain, :sha, 'x', 1, 'done')"
)


def test_it_waits_for_its_days_and_can_be_called_off(world: World) -> None:
    before = world.counts(MINE)
    world.ask(timedelta(days=14))
    assert world.removals().run() == 0
    removal.call_off(world.warehouse, Scope(MINE, ME))
    with pytest.raises(PermanentError, match="Reload"):
        removal.call_off(world.warehouse, Scope(MINE, ME))
    assert world.removals().run() == 0
    after = world.counts(MINE)
    assert after.pop("public.audit_log") == before.pop("public.audit_log") + 2
    assert after == before


def test_once_begun_it_cannot_be_called_off(world: World) -> None:
    world.ask()
    with world.warehouse.directory() as connection:
        assert removal.begin(connection, MINE)
    with pytest.raises(PermanentError):
        removal.call_off(world.warehouse, Scope(MINE, ME))


@pytest.mark.parametrize("role", ["finance", "regional", "store", "viewer"])
def test_the_server_itself_lets_only_an_owner_ask(world: World, role: str) -> None:
    with pytest.raises(Exception, match="row-level security"):
        removal.ask(world.warehouse, Scope(MINE, BOTH, role), timedelta(0))
    removal.ask(world.warehouse, Scope(MINE, ME, "owner"), timedelta(0))


def test_jobs_of_the_chain_that_wait_are_taken_out_of_the_queue(valkey: Valkey) -> None:
    app = Celery("test", broker=valkey.broker_url)
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        client.delete(QUEUE, FORECASTS)
        for chain in (MINE, OTHER, MINE):
            app.send_task("workers.import_batch", kwargs={"chain_id": chain, "batch_id": 7},
                          queue=QUEUE)  # fmt: skip
        app.send_task("workers.forecast_run", kwargs={"chain_id": MINE}, queue=FORECASTS)
        app.send_task("workers.sweep_exports", queue=QUEUE)
        assert forget(app, MINE) == 3
        assert client.llen(FORECASTS) == 0
        left = [arguments(message).get("chain_id") for message in client.lrange(QUEUE, 0, -1)]
        assert sorted(left, key=str) == [OTHER, None]
        client.delete(QUEUE, FORECASTS)
    app.close()


def test_kept_figures_are_forgotten(valkey: Valkey) -> None:
    cache = FigureCache(valkey.cache_url, b"k" * 32)
    cache.put("figures of chain 1", 7)
    assert cache.get("figures of chain 1") == 7
    FigureCache(valkey.cache_url, b"").clear()
    assert cache.get("figures of chain 1") is None


def _exported(world: World, folder: Path) -> Path:
    path = folder / "chain.zip"
    assert archive.write(world.warehouse, Scope(MINE), path) == path.stat().st_size
    return path


def _dump(world: World, chain: int) -> dict[str, list[Any]]:
    """Return all rows of a chain that an archive holds, without its number and its people."""
    world.behind.rollback()
    found = {}
    for table in archived_tables(world.behind):
        rows = world.behind.scalars(
            text(f"select to_jsonb(t) - 'chain_id' from \"{table.name}\" t where chain_id = :c"),
            {"c": chain},
        )
        hidden = {one.name for one in table.columns if is_person(one) or is_people(one)}
        found[table.name] = sorted(
            json.dumps({k: v for k, v in row.items() if k not in hidden}, sort_keys=True)
            for row in rows
        )
    return found


def test_an_archive_that_is_read_in_is_the_same_chain(world: World, tmp_path: Path) -> None:
    path = _exported(world, tmp_path)
    owner = Warehouse(world.database.owner)
    taken = archive.read(owner, path)
    owner.close()
    assert (taken.chain_id, taken.name, taken.new_people) == (50, "Tea", ())
    assert _dump(world, 50) == _dump(world, MINE)
    assert taken.rows == sum(map(len, _dump(world, 50).values()))
    members = world.behind.execute(
        text("select user_id, role from directory.membership where chain_id = 50 order by 1")
    ).all()
    assert [tuple(row) for row in members] == [(ME, "owner"), (BOTH, "finance")]


def test_in_another_installation_people_come_without_a_password(
    world: World, tmp_path: Path
) -> None:
    path = _exported(world, tmp_path)
    world.ask()
    world.removals().run()
    owner = Warehouse(world.database.owner)
    taken = archive.read(owner, path)
    owner.close()
    assert taken.new_people == ("me@example.com",)
    hashed = world.behind.scalar(
        text("select password_hash from directory.app_user where email = 'me@example.com'")
    )
    assert hashed == ""


def test_numbers_go_on_after_those_that_came(world: World, tmp_path: Path) -> None:
    path = _exported(world, tmp_path)
    owner = Warehouse(world.database.owner)
    chain = archive.read(owner, path).chain_id
    owner.close()
    with world.warehouse.begin(Scope(chain)) as connection:
        highest = connection.scalar(text("select max(region_id) from region"))
        new = connection.scalar(
            text("insert into region (chain_id, name) values (:c, 'n') returning region_id"),
            {"c": chain},
        )
    assert highest is not None
    assert new is not None
    assert new > highest


def test_an_archive_holds_what_lets_nobody_in(world: World, tmp_path: Path) -> None:
    with zipfile.ZipFile(_exported(world, tmp_path)) as opened:
        names = set(opened.namelist())
        people = opened.read("people.csv").decode()
        manifest = json.loads(opened.read("manifest.json"))
    assert names == {f"{table.name}.csv" for table in archived_tables(world.behind)} | {
        "people.csv", "manifest.json",
    }  # fmt: skip
    assert not names & {f"{name}.csv" for name in NOT_ARCHIVED}
    assert "argon2" not in people
    assert manifest["tables"]["payment"]["rows"] == 2
    assert set(manifest["tables"]["payment"]["sums"]) >= {"gross", "fee", "net"}


def test_no_webhook_leaves_with_an_archive_and_rules_tell_no_group_after(
    world: World, tmp_path: Path
) -> None:
    key, address = "k" * 40, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=of-the-group"
    mine = Scope(MINE, ME)
    with world.warehouse.begin(mine) as connection:
        webhook = Webhook("wecom", "Managers of Tea", address, "signs-with-this")
        number = robots.add(connection, mine, key, webhook)
        rule = SavedRule(0, ME, Rule("files"), tell_users=(ME,), tell_robots=(number,))
        alerts.save(connection, mine, rule)
        sealed = connection.scalar(
            text("select webhook from robot where robot_id = :robot"), {"robot": number}
        )
        # The twin: here it is kept, and can be read by who has the key.
        assert robots.webhook(connection, mine, key, number).address == address
    path = _exported(world, tmp_path)
    with zipfile.ZipFile(path) as opened:
        written = b"".join(opened.read(name) for name in opened.namelist())
    for secret in (address, "of-the-group", "signs-with-this", "Managers of Tea", str(sealed)):
        assert secret.encode() not in written
    owner = Warehouse(world.database.owner)
    chain = archive.read(owner, path).chain_id
    owner.close()
    with world.warehouse.begin(Scope(chain)) as connection:
        assert robots.groups(connection, Scope(chain)) == []
        told = connection.execute(
            text("select tell_robots, tell_users from alert_rule where spec ->> 'kind' = 'files'")
        ).one()
    assert (list(told.tell_robots), list(told.tell_users)) == ([], [ME])


def _altered(path: Path, member: str, content: bytes) -> Path:
    target = path.with_name("altered.zip")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, content if name == member else old.read(name))
    return target


def test_a_damaged_or_foreign_archive_is_refused_and_nothing_taken_in(
    world: World, tmp_path: Path
) -> None:
    path = _exported(world, tmp_path)
    with zipfile.ZipFile(path) as opened:
        regions = opened.read("region.csv")
        manifest = json.loads(opened.read("manifest.json"))
    bare = tmp_path / "no.zip"
    bare.write_bytes(b"PK no")
    old = {**manifest, "revision": "0001"}
    miscounted = json.loads(json.dumps(manifest))
    miscounted["tables"]["payment"]["sums"]["gross"] = "1"
    cases: tuple[tuple[str, bytes, str], ...] = (
        ("region.csv", regions + b"\n", "damaged"),
        ("manifest.json", b"{}", "no archive"),
        ("manifest.json", json.dumps(old).encode(), "version 0001"),
        ("manifest.json", json.dumps(miscounted).encode(), "damaged"),
    )
    owner = Warehouse(world.database.owner)
    before = world.people()
    with pytest.raises(PermanentError, match="no archive"):
        archive.read(owner, bare)
    for member, content, why in cases:
        with pytest.raises(PermanentError, match=why):
            archive.read(owner, _altered(path, member, content))
    owner.close()
    world.behind.rollback()
    assert world.behind.scalar(text("select max(chain_id) from chain")) == OTHER
    assert world.people() == before


def _here(world: World, user: int = ME, role: str = "owner") -> Here:
    scope = Scope(MINE, user, role)
    person = Person(user, "me@example.com", "", "en", 1, scope)
    return Here(person, "en", "light", Reads(world.warehouse, scope), "r1")


def test_both_are_twice_confirmed(world: World) -> None:
    jobs = NotedJobs()
    board = Board(partial(_here, world), world.warehouse, jobs, world.settings)
    here = _here(world)
    for name, password, why in (
        ("Coffee", PASSWORD, "not the chain's name"),
        ("", PASSWORD, "not the chain's name"),
        ("Tea", "wrong", "password"),
        ("Tea", None, "password"),
    ):
        for do in (wholechain.take_along, wholechain.remove):
            with pytest.raises(PermanentError, match=why):
                do(board, here, name, password)
    for do in (wholechain.take_along, wholechain.remove):
        with pytest.raises(PermanentError, match="Only an owner"):
            do(board, _here(world, BOTH, "finance"), "Tea", PASSWORD)
    assert jobs.asked == []
    assert wholechain.asked(board, here) is None
    wholechain.take_along(board, here, " Tea ", PASSWORD)
    assert [what for what, *_ in jobs.asked] == ["export"]
    wholechain.remove(board, here, "Tea", PASSWORD)
    assert wholechain.asked(board, here) is not None
    with pytest.raises(PermanentError, match="Only an owner"):
        wholechain.keep(board, _here(world, BOTH, "finance"))
    wholechain.keep(board, here)
    assert wholechain.asked(board, here) is None
