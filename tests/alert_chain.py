"""A chain whose stores take the same every day, until a test says otherwise; and its people."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from chain.alerts import Rule
from chain.settings import Settings
from tests.futures import add_up, sell
from warehouse import alerts
from warehouse.alerts import Fired, SavedRule
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.session import Scope, Warehouse
from warehouse.version import bump
from workers.alerts import Alerts

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 16)
YESTERDAY = TODAY - timedelta(days=1)
USUAL = 100_000
"""Minor units that each store takes each day."""
PAST = 100
OWNER, MANAGER, VIEWER = 1, 2, 3
NOON = datetime(2026, 3, 16, 12, tzinfo=ZONE).astimezone(UTC)


@dataclass
class Tea:
    """The chain: its stores are 北一, 北二 in the north and 南一 in the south."""

    warehouse: Warehouse
    chain: int
    stores: list[int]
    settings: Settings

    @property
    def scope(self) -> Scope:
        return Scope(self.chain)

    @property
    def alerts(self) -> Alerts:
        return Alerts(self.warehouse, self.settings)

    def take(self, store: int, day: date, amount: int) -> None:
        """Say what a store took on a day; 0: nothing came in."""
        with self.warehouse.begin(self.scope) as connection:
            if amount:
                sell(connection, self.chain, store, day, amount)
            else:
                connection.execute(
                    text("delete from store_day where store_id = :store and business_date = :day"),
                    {"store": store, "day": day},
                )
            add_up(connection, self.chain)
            bump(connection, self.chain)

    def day_passes(self, day: date, **amounts: int) -> None:
        """Let a day's figures come in: usual ones, but where said by ``s1``, ``s2``, ``s3``."""
        with self.warehouse.begin(self.scope) as connection:
            for number, store in enumerate(self.stores, 1):
                amount = amounts.get(f"s{number}", USUAL)
                if amount:
                    sell(connection, self.chain, store, day, amount)
            add_up(connection, self.chain)
            bump(connection, self.chain)

    def rule(self, rule: Rule, user: int = OWNER, **more: Any) -> int:
        """Keep a rule that stands as it is since long."""
        saved = replace(SavedRule(0, user, rule), **more)
        with self.warehouse.begin(self.scope) as connection:
            number = alerts.save(connection, self.scope, saved)
            connection.execute(text("update alert_rule set changed_at = '2026-01-01'"))
        return number

    def watch(self, now: datetime = NOON) -> bool:
        return self.alerts.watch_chain(self.chain, now)

    def open(self, scope: Scope | None = None) -> list[Fired]:
        with self.warehouse.begin(scope or self.scope) as connection:
            return sorted(alerts.open_alerts(connection, self.chain), key=lambda one: one.subject)

    def history(self) -> list[Fired]:
        with self.warehouse.begin(self.scope) as connection:
            return sorted(alerts.history(connection, self.chain), key=lambda one: one.alert_id)

    def notices(self) -> list[tuple[int, str, str, datetime]]:
        """Return (event, receiver, state, due) of all notices."""
        with self.warehouse.begin(self.scope) as connection:
            rows = connection.execute(
                text(
                    "select alert_id, receiver, state, due_at from alert_notice"
                    " order by alert_id, receiver"
                )
            )
            return [tuple(row) for row in rows]

    def run(self, statement: str, **values: Any) -> None:
        with self.warehouse.begin(self.scope) as connection:
            connection.execute(text(statement), values)


def tea(warehouse: Warehouse, settings: Settings, *, quiet: bool = True) -> Tea:
    """Make the chain with a past up to yesterday; ``quiet``: without the rules it begins with."""
    chain = create_chain(warehouse, NewChain("Tea"))
    stores = []
    with warehouse.begin(Scope(chain)) as connection:
        for name, region in (("北一", "北区"), ("北二", "北区"), ("南一", "南区")):
            new = NewStore(name, name, "Asia/Shanghai", region=region, opened_on=date(2020, 1, 1))
            stores.append(add_store(connection, chain, new))
        for back in range(1, PAST + 1):
            for store in stores:
                sell(connection, chain, store, TODAY - timedelta(days=back), USUAL)
        add_up(connection, chain)
        bump(connection, chain)
    made = Tea(warehouse, chain, stores, settings)
    people(made)
    if quiet:
        made.rule(Rule("files"), origin="start:files", paused=True)
        made.run("update alert_rule set paused = true")
    return made


def people(made: Tea) -> None:
    """Give it an owner, a manager of 南一, and a viewer."""
    of = {OWNER: ("owner", None), MANAGER: ("store", [made.stores[2]]), VIEWER: ("viewer", None)}
    with made.warehouse.directory() as connection:
        for user, (role, stores) in of.items():
            connection.execute(
                text(
                    "insert into directory.app_user (user_id, email, password_hash, name, lang)"
                    " overriding system value values (:user, :email, '', :role, :lang)"
                ),
                {
                    "user": user,
                    "email": f"{role}@example.com",
                    "role": role,
                    "lang": "zh" if user == MANAGER else "en",
                },
            )
            connection.execute(
                text(
                    "insert into directory.membership (chain_id, user_id, role, store_ids)"
                    " values (:chain, :user, :role, :stores)"
                ),
                {"chain": made.chain, "user": user, "role": role, "stores": stores},
            )
