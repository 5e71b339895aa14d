"""The hour of a payment is that of the wall clock at its store, also where clocks are put back."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from chain.days import DayRule
from tests.bills import new_chain
from tests.conftest import Database
from warehouse.chains import NewStore, add_store
from warehouse.session import Warehouse
from warehouse.sums import create_touched, recompute

_PAYMENT = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,
        account_id, place_id, store_id, business_date, platform, kind, currency, external_id)
    values (:chain, gen_random_uuid(), gen_random_uuid(), :at, 1, now(), 100, 100, 1, 1, :store,
        :day, 'card', 'sale', 'USD', gen_random_uuid()::text)
    """
)


@pytest.mark.parametrize("cutover", [0, 5, 12])
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("Asia/Kathmandu", datetime(2026, 5, 1, tzinfo=UTC)),
        ("Pacific/Kiritimati", datetime(2026, 5, 1, tzinfo=UTC)),
        ("Pacific/Pago_Pago", datetime(2026, 5, 1, tzinfo=UTC)),
    ],
)
def test_hours_are_those_of_the_wall_clock(
    database: Database, zone: str, change: datetime, cutover: int
) -> None:
    """A payment every 37 minutes, four days to each side of the change."""
    warehouse = Warehouse(database.app)
    scope = new_chain(warehouse)
    rule = DayRule(zone, cutover)
    moments = [change + timedelta(minutes=37 * step) for step in range(-155, 156)]
    days = [rule.business_date(at) for at in moments]
    expected = Counter(
        (day, at.astimezone(ZoneInfo(zone)).hour) for day, at in zip(days, moments, strict=True)
    )
    try:
        with warehouse.begin(scope) as connection:
            new = NewStore("Z", "Z", zone, cutover_hour=cutover)
            store = add_store(connection, scope.chain_id, new)
            known = {"chain": scope.chain_id, "store": store}
            rows = [known | {"at": at, "day": day} for at, day in zip(moments, days, strict=True)]
            connection.execute(_PAYMENT, rows)
            create_touched(connection)
            connection.execute(
                text("insert into touched select distinct business_date, store_id from payment")
            )
            recompute(connection, scope.chain_id)
            found = connection.execute(text("select business_date, hour, orders from store_hour"))
            assert {(row.business_date, row.hour): row.orders for row in found} == expected
    finally:
        warehouse.close()
