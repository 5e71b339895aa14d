"""A chain of people with digests, for the tests of what is sent: owner, region, one store."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import text

from chain.schedule import EVERY_DAY, Rhythm, Schedule
from chain.settings import Settings
from tests import digests as made
from tests.futures import add_up, sell
from tests.postbox import Postbox
from warehouse import deliveries, robots, subscriptions
from warehouse.robots import Webhook
from warehouse.session import Scope, Warehouse
from warehouse.subscriptions import Wanted
from workers.digests import LANES, Digests

KEY = "k" * 40
EIGHT = time(8)
NOW = made.NOW
"""Five past eight, when what is due at eight is to go."""


@dataclass
class Clock:
    """A clock that is put where a test wants it."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def on(self, **by: float) -> None:
        """Let time pass."""
        self.at += timedelta(**by)


@dataclass
class World:
    """The chain, its stores, and how its digests are sent."""

    warehouse: Warehouse
    chain: int
    stores: list[int]
    settings: Settings
    clock: Clock = field(default_factory=Clock)

    @property
    def scope(self) -> Scope:
        """The owner's."""
        return Scope(self.chain)

    @property
    def work(self) -> Digests:
        """The jobs, as a worker holds them."""
        return Digests(self.warehouse, self.settings, self.clock)

    def person(
        self, email: str, role: str = "owner", stores: list[int] | None = None, name: str = ""
    ) -> int:
        """Add somebody; return their number."""
        with self.warehouse.directory() as connection:
            user = connection.scalar(_USER, {"email": email, "name": name})
            values = {"chain": self.chain, "user": user, "role": role, "stores": stores}
            connection.execute(_MEMBER, values)
        assert isinstance(user, int)
        return user

    def subscribe(
        self,
        user: int,
        rhythm: Rhythm = "daily",
        lang: str = "zh",
        *,
        zone: str = "Asia/Shanghai",
        weekdays: tuple[int, ...] = EVERY_DAY,
        only_changed: bool = False,
        robot: int | None = None,
    ) -> int:
        """Let them have a digest at eight, from long ago; return its number."""
        month_day = 16 if rhythm == "monthly" else 1
        schedule = Schedule(rhythm, zone, EIGHT, weekdays, month_day)
        with self.warehouse.begin(self.scope) as connection:
            wanted = Wanted(schedule, lang, only_changed, robot)
            number = subscriptions.add(connection, self.scope, user, wanted)
            connection.execute(
                text("update subscription set since = '2026-01-01' where chain_id = :chain"),
                {"chain": self.chain},
            )
        return number

    def robot(self, user: int, webhook: Webhook) -> int:
        """Add a group's robot."""
        scope = Scope(self.chain, user)
        with self.warehouse.begin(scope) as connection:
            return robots.add(connection, scope, KEY, webhook)

    def beat(self) -> list[tuple[int, int]]:
        """Plan as beat has it done; return the lanes that something waits in."""
        lanes: list[tuple[int, int]] = []
        self.work.plan(lambda chain, lane: lanes.append((chain, lane)))
        return lanes

    def run(self) -> None:
        """Plan, and do what is to be done, as a worker does."""
        for chain, lane in self.beat():
            self.work.send(chain, lane)

    def each_lane(self, do: Callable[[int, int], None]) -> None:
        """Do something with every lane."""
        for lane in range(LANES):
            do(self.chain, lane)

    def rows(self) -> list[dict[str, Any]]:
        """Return what became of each digest, by number."""
        with self.warehouse.begin(self.scope) as connection:
            found = connection.execute(text("select * from delivery order by delivery_id"))
            return [dict(row) for row in found.mappings()]

    def states(self) -> list[str]:
        """Return the states alone."""
        return [row["state"] for row in self.rows()]

    def subscription(self, number: int) -> subscriptions.Subscription:
        """Return a subscription as it is now."""
        with self.warehouse.begin(self.scope) as connection:
            return subscriptions.get(connection, self.scope, number)

    def ask(self, number: int, *, test: bool = True) -> int:
        """Ask for a digest beside the schedule."""
        scope = Scope(self.chain, self.subscription(number).user_id)
        with self.warehouse.begin(scope) as connection:
            day = made.LAST
            asked = deliveries.ask(connection, scope, number, day, test=test)
            # The clock of the tests is not the server's.
            connection.execute(
                text("update delivery set due_at = :at, next_at = :at where delivery_id = :id"),
                {"at": self.clock.at, "id": asked},
            )
        return asked

    def complete(self) -> None:
        """Let the silent store have sent its days, so that nothing is awaited."""
        with self.warehouse.begin(self.scope) as connection:
            for back in range(3):
                day = made.LAST - timedelta(days=back)
                sell(connection, self.chain, self.stores[made.SILENT], day, 900_000)
            add_up(connection, self.chain)


def settings_for(box: Postbox | None, **more: Any) -> Settings:
    """Return settings by which mail goes to ``box``."""
    given: dict[str, Any] = {"secret_key": KEY, "public_url": made.BOARD}
    if box is not None:
        given |= {
            "smtp_host": "localhost",
            "smtp_port": box.port,
            "smtp_security": "none",
            "mail_from": "board@example.com",
        }
    return Settings(**given | more)


_USER = text(
    "insert into directory.app_user (email, name, password_hash)"
    " values (:email, :name, '') returning user_id"
)
_MEMBER = text(
    "insert into directory.membership (chain_id, user_id, role, store_ids)"
    " values (:chain, :user, :role, :stores)"
)
