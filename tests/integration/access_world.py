"""Two chains and one person of each role, and a change that some of them may see.

The first chain has two stores in the east and one in the west. ``World.change`` alters everything
about the western store, its money, its terminal and the bill it came by: whoever may see it must
get another answer then, and whoever may not must get the very same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from advice.marketing import Channel, Response
from chain.roles import BOUNDED
from dashboard.pages import PAGES
from tests.conftest import Database
from tests.integration.boards import Running, running
from tests.site_chain import advise
from warehouse.cache import FigureCache
from warehouse.chains import TYPED
from warehouse.directory.sessions import begin
from warehouse.session import Scope
from warehouse.sums import create_touched, recompute

EAST_1, EAST_2, WEST = 101, 102, 103
ELSEWHERE = 201
BATCH, REJECTED = 11, 12
DIGEST, GROUP = 51, 52
DAYS = 30
RULE = 901
"""The alert rule that is shared."""
FIRST = 1001
"""Number of the first reader, far from those that the server gives."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who tries. ``sees`` is whether the western store is theirs to see."""

    name: str
    role: str
    sees: bool
    chain: int = 1
    regions: tuple[int, ...] | None = None
    stores: tuple[int, ...] | None = None

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def whole(self) -> bool:
        """Whether the whole first chain is theirs to see."""
        return self.chain == 1 and self.role not in BOUNDED


READERS = (
    Reader("owner", "owner", sees=True),
    Reader("finance", "finance", sees=True),
    Reader("viewer", "viewer", sees=True),
    Reader("regional-west", "regional", sees=True, regions=(2,)),
    Reader("store-west", "store", sees=True, stores=(WEST,)),
    Reader("regional-east", "regional", sees=False, regions=(1,)),
    Reader("store-east", "store", sees=False, stores=(EAST_1,)),
    Reader("regional-of-nothing", "regional", sees=False),
    Reader("other-owner", "owner", sees=False, chain=2),
)


@dataclass
class World:
    """The board over both chains, with everybody logged in."""

    board: Running
    clients: dict[str, FlaskClient]

    def change(self) -> None:
        """Alter all there is of the western store."""
        with self.board.warehouse.begin(Scope(1)) as connection:
            for statement in _CHANGES:
                connection.execute(text(statement))
            _sum(connection, 1)
        with self.board.warehouse.directory() as connection:
            connection.execute(
                text("update directory.app_user set name = 'Moon' where email like 'viewer@%'")
            )


@contextmanager
def world(database: Database, data: Path, cache: FigureCache | None) -> Iterator[World]:
    """Open the board for the block."""
    with running(database, data, PAGES, cache=cache) as board:
        _make(board)
        yield World(
            board,
            {reader.name: _enter(board, number) for number, reader in enumerate(READERS, FIRST)},
        )


def _enter(board: Running, number: int) -> FlaskClient:
    # By a session of its own: argon2 takes its time on purpose, and log-in has its own tests.
    client = board.client()
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    chain = READERS[number - FIRST].chain
    token = begin(board.warehouse, number, chain, ends_at=ends_at, device="", address="")
    with client.session_transaction() as session:
        session["token"] = token
    return client


def _make(board: Running) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(text("insert into directory.chain values (2, 'Coffee')"))
        connection.execute(text("delete from directory.membership"))
        connection.execute(text("delete from directory.app_user"))
        for number, reader in enumerate(READERS, FIRST):
            connection.execute(
                text(
                    "insert into directory.app_user (user_id, email, password_hash)"
                    " overriding system value values (:id, :email, '')"
                ),
                {"id": number, "email": reader.email},
            )
            connection.execute(
                text(
                    "insert into directory.membership"
                    " (chain_id, user_id, role, region_ids, store_ids)"
                    " values (:chain, :id, :role, :regions, :stores)"
                ),
                {
                    "chain": reader.chain,
                    "id": number,
                    "role": reader.role,
                    "regions": None if reader.regions is None else list(reader.regions),
                    "stores": None if reader.stores is None else list(reader.stores),
                },
            )
    with board.warehouse.begin(Scope(1)) as connection:
        for statement in _TEA:
            connection.execute(text(statement))
        for store in (EAST_1, EAST_2, WEST):
            connection.execute(_PAYMENTS, {"chain": 1, "store": store, "days": DAYS})
        _sum(connection, 1)
        for statement in (*_FUTURE, *_ALERTS):
            connection.execute(text(statement.replace('":', '"\\:')))
        for statement in (*_PLANS, *_MARKETING):
            connection.execute(text(statement))
        advise(connection, 1, WEST)
        connection.execute(_ADVICE, {"response": _advised()})
    finance = FIRST + [reader.name for reader in READERS].index("finance")
    with board.warehouse.begin(Scope(1, finance, "finance")) as connection:
        connection.execute(_TOKEN, {"user": finance})
    with board.warehouse.begin(Scope(2)) as connection:
        for statement in _COFFEE:
            connection.execute(text(statement))
        connection.execute(_PAYMENTS, {"chain": 2, "store": ELSEWHERE, "days": DAYS})
        _sum(connection, 2)


_ALERTS = (
    f"""
    insert into alert_rule (chain_id, rule_id, user_id, spec, shared) overriding system value
    values (1, {RULE}, {FIRST}, '{{"kind": "below", "bound": 100000}}', true)
    """,
    f"""
    insert into alert (chain_id, alert_id, rule_id, user_id, subject, store_ids, day, since,
        last_day, facts, fired_at)
    overriding system value
    select 1, store_id, {RULE}, {FIRST}, 'store:' || store_id, array[store_id], '2026-03-03',
        '2026-03-02', '2026-03-03', '{{"value": 90000, "against": 100000}}', '2026-03-04 01:00+00'
    from store where not unassigned
    """,
)


def _sum(connection: Connection, chain: int) -> None:
    create_touched(connection)
    connection.execute(
        text("insert into touched select distinct business_date, store_id from payment")
    )
    recompute(connection, chain)


_STORE = """
    insert into store (chain_id, store_id, code, name, sort_key, city, region_id, opened_on,
        time_zone, unassigned)
    overriding system value
"""
_PAYMENTS = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,
        account_id, place_id, store_id, business_date, platform, kind, currency, external_id)
    select :chain, gen_random_uuid(), gen_random_uuid(), now() - make_interval(days => back),
        11, now(), 1000 + :store + 10 * (back % 7), 1000,
        case platform when 'cash' then 2 else 1 end, 1, :store,
        (now() at time zone 'Asia/Shanghai')::date - back, platform, 'sale', 'CNY',
        gen_random_uuid()::text
    from generate_series(1, :days) back, unnest(array['alipay', 'cash']) platform
    """
)
_NAMES = [reader.name for reader in READERS]
_WEST_MANAGER = FIRST + _NAMES.index("store-west")
_FINANCE = FIRST + _NAMES.index("finance")
_TEA = (
    """
    insert into region (chain_id, region_id, name) overriding system value
    values (1, 1, 'East'), (1, 2, 'West')
    """,
    f"""
    {_STORE} values
    (1, {EAST_1}, 'E1', 'Lakeside', 'a', 'Suzhou', 1, '2020-01-01', 'Asia/Shanghai', false),
    (1, {EAST_2}, 'E2', 'Bridge', 'b', 'Suzhou', 1, '2020-01-01', 'Asia/Shanghai', false),
    (1, {WEST}, 'W1', 'Hillside', 'c', 'Chengdu', 2, '2020-01-01', 'Asia/Shanghai', false),
    (1, 100, '?', 'Unassigned', 'z', '', null, null, 'Asia/Shanghai', true)
    """,
    f"""
    insert into account (chain_id, account_id, platform, ref) overriding system value
    values (1, 1, 'alipay', '2088'), (1, 2, 'cash', '{TYPED}')
    """,
    f"""
    insert into store_terms (chain_id, store_id, from_date, ownership, royalty_rate)
    values (1, {WEST}, '2020-01-01', 'franchised', 0.05)
    """,
    """
    insert into place (chain_id, place_id, account_id, terminal_ref, batch_id)
    overriding system value values (1, 1, 1, 'T-west', 11)
    """,
    f"""
    insert into import_batch (chain_id, batch_id, sha256, file_name, size_bytes, state, source)
    overriding system value
    values (1, {BATCH}, 'a', 'west.csv', 10, 'done', 'alipay_merchant'),
        (1, {REJECTED}, 'b', 'west-bad.csv', 10, 'failed', 'alipay_merchant')
    """,
    f"""
    insert into reject (chain_id, batch_id, line, raw, reason)
    values (1, {BATCH}, 3, 'west line', 'etl.bad.zone')
    """,
    f"""
    insert into robot (chain_id, robot_id, user_id, platform, name, webhook)
    overriding system value values (1, {GROUP}, {_FINANCE}, 'wecom', 'West', 'sealed')
    """,
    f"""
    insert into subscription (chain_id, subscription_id, user_id, kind, time_zone, at, token)
    overriding system value
    values (1, {DIGEST}, {_WEST_MANAGER}, 'daily', 'Asia/Shanghai', '08:00', 'a token')
    """,
)
_TODAY = "(now() at time zone 'Asia/Shanghai')::date"
_DRIVERS = """
    {"weekday": [0, 0, 0, 0, 0, 0.1, 0.2], "season": [0.1, 0.2], "trend": 0.1, "events": {}}
"""
_FUTURE = (
    f"""
    insert into forecast_run (chain_id, run_id, state, learned_until, first_day, last_day, done_at)
    overriding system value
    values (1, 1, 'done', {_TODAY} - 1, {_TODAY}, {_TODAY} + 89, now())
    """,
    f"""
    insert into forecast (chain_id, run_id, store_id, day, mean, quantiles)
    select 1, 1, store_id, {_TODAY} + ahead, 105000 + store_id * 10,
        array(select 100000 + store_id * 10 + 1000 * q from generate_series(1, 9) q)
    from store, generate_series(0, 89) ahead where not unassigned
    """,
    f"""
    insert into forecast_store (chain_id, run_id, store_id, model, wape, naive_wape, drivers)
    select 1, 1, store_id, 'panel', 0.1, 0.2, '{_DRIVERS}' from store where not unassigned
    """,
    f"""
    insert into forecast_score (chain_id, run_id, store_id, model, metric, score)
    values (1, 1, {WEST}, 'ours', 'wape', 0.1)
    """,
    f"""
    insert into forecast_override (chain_id, run_id, level, unit_id, store_ids, starts_on,
        ends_on, factor, reason)
    values (1, 1, 'store', {WEST}, '{{{WEST}}}', {_TODAY} + 1, {_TODAY} + 2, 1.1, 'a fair')
    """,
)
_PLANS = (
    f"""
    insert into target (chain_id, month, store_id, amount, currency)
    values (1, date_trunc('month', {_TODAY})::date, {WEST}, 5000000, 'CNY')
    """,
    f"""
    insert into day_note (chain_id, store_id, starts_on, ends_on, note)
    values (1, {WEST}, {_TODAY} - 3, {_TODAY} - 2, 'road works')
    """,
    f"""
    insert into calendar_day (chain_id, day, kind, name, store_id)
    values (1, {_TODAY} + 5, 'event', 'a fair', {WEST})
    """,
)
_MARKETING = (
    f"""
    insert into spend (chain_id, day, channel, store_id, currency, amount)
    values (1, {_TODAY} - 20, 'Western ads', {WEST}, 'CNY', 3000000)
    """,
)
_ADVICE = text(
    "insert into budget_plan (chain_id, plan) values (1, jsonb_build_object('response',"
    " cast(:response as text)))"
)


def _advised() -> str:
    """Return what was learned of one channel, as a job keeps it."""
    one = np.ones((2, 1))
    channel = Channel(
        "Western ads", 100.0, 2.0, {"q0.1": 1.0, "q0.9": 3.0}, 1.0, "clear", True, (), None
    )
    return Response(
        channels=(channel,),
        stores=("a store",),
        first="2026-01-05",
        last="2026-03-02",
        level=np.full(1, 1000.0),
        baseline=np.full(1, 1000.0),
        unit=np.full(1, 0.1),
        seen=np.full(1, 2.0),
        recent=np.full((1, 1), 10.0),
        decay=0.3 * one,
        later=0.0 * one,
        half=one,
        power=one,
        effect=np.full((2, 1, 1), 0.1),
        returns=one,
        sampled={},
        noise={},
        notes=(),
        refused={},
    ).to_json()


_COFFEE = (
    """
    insert into chain (chain_id, name, currency, time_zone) overriding system value
    values (2, 'Coffee', 'CNY', 'Asia/Shanghai')
    """,
    f"""
    {_STORE} values
    (2, {ELSEWHERE}, 'C1', 'Harbour', 'a', 'Xiamen', null, '2020-01-01', 'Asia/Shanghai', false),
    (2, 200, '?', 'Unassigned', 'z', '', null, null, 'Asia/Shanghai', true)
    """,
)
_TOKEN = text(
    """
    insert into directory.api_token (chain_id, user_id, token_hash, prefix, name, scopes, ends_at)
    values (1, :user, 'x', 'abcdefgh', 'Books', array['stores'], now() + interval '1 day')
    """
)
_CHANGES = (
    """
    update site_market set assumed = jsonb_set(assumed, '{capex}', '90000000'),
        detail = jsonb_set(detail, '{error}', '0.31')
    """,
    """
    update site_suggestion set detail = detail || '{"net_gain": 7, "revenue": 9, "net_low": 5}'
    """,
    "update directory.api_token set name = 'Moon books'",
    f"""
    update forecast set mean = mean * 3, quantiles = array(select 3 * q from unnest(quantiles) q)
    where store_id = {WEST}
    """,
    f"""
    update forecast_store set model = 'ets', wape = 0.4,
        drivers = jsonb_set(drivers, '{{trend}}', '0.5')
    where store_id = {WEST}
    """,
    f"update forecast_score set score = 0.4 where store_id = {WEST}",
    "update forecast_override set reason = 'no fair'",
    "update target set amount = amount * 2",
    "update day_note set note = 'no road works'",
    "update calendar_day set name = 'no fair'",
    f"update payment set gross = gross * 9, net = net * 9 where store_id = {WEST}",
    f"update payment set gross = gross + 7 where store_id = {WEST} and platform = 'cash'",
    f"update store set name = 'Moonside', city = 'Mianyang', area_sqm = 77 where store_id = {WEST}",
    "update region set name = 'Far west' where region_id = 2",
    f"""
    update alert set facts = '{{"value": 50000, "against": 100000}}', ack_note = 'moon',
        acked_by = {FIRST}, acked_at = '2026-03-05 01:00+00', day = '2026-03-01'
    where subject = 'store:{WEST}'
    """,
    "update spend set amount = amount * 2",
    "update budget_plan set plan = replace(plan::text, 'Western', 'Moon')::jsonb",
    "update place set terminal_ref = 'T-moon'",
    "update import_batch set file_name = 'moon-' || file_name",
    "update reject set raw = 'moon line'",
    "update account set label = 'Moon', ref = '2099' where account_id = 1",
    "update subscription set at = '09:30'",
    "update robot set name = 'Moon'",
)
