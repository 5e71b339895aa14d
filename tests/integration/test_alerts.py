"""Alerts over a real warehouse: what fires, clears, is late, is whose, and never twice."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chain.alerts import Rule
from chain.errors import PermanentError
from chain.settings import Settings
from tests.alert_chain import (
    MANAGER,
    NOON,
    OWNER,
    TODAY,
    USUAL,
    VIEWER,
    YESTERDAY,
    ZONE,
    Tea,
    tea,
)
from tests.conftest import Database
from warehouse import alerts
from warehouse.alerts import SavedRule
from warehouse.locks import Lock, free
from warehouse.session import Scope, Warehouse

LOW = Rule("below", metric="gross_sales", bound=USUAL / 2, days=2)


@pytest.fixture
def chain(database: Database, tmp_path: Path) -> Iterator[Tea]:
    warehouse = Warehouse(database.app)
    yield tea(warehouse, Settings(data=tmp_path))
    warehouse.close()


def _at(day: date, clock: str = "12:00") -> datetime:
    return datetime.fromisoformat(f"{day} {clock}").replace(tzinfo=ZONE).astimezone(UTC)


def test_it_fires_after_the_days_it_asks_for_and_clears_when_back(chain: Tea) -> None:
    chain.rule(LOW)
    chain.take(chain.stores[0], YESTERDAY, 10_000)
    chain.watch()
    assert chain.open() == []
    chain.day_passes(TODAY, s1=20_000)
    chain.watch(_at(TODAY + timedelta(days=1)))
    (fired,) = chain.open()
    assert (fired.subject, fired.store_ids) == (f"store:{chain.stores[0]}", (chain.stores[0],))
    assert (fired.since, fired.day, fired.late) == (YESTERDAY, TODAY, False)
    assert (fired.facts["value"], fired.facts["against"]) == (20_000, USUAL / 2)
    chain.day_passes(TODAY + timedelta(days=1))
    chain.watch(_at(TODAY + timedelta(days=2)))
    assert chain.open() == []
    (over,) = chain.history()
    assert (over.until, over.cleared_why) == (TODAY + timedelta(days=1), "back")


def test_looking_again_changes_nothing(chain: Tea) -> None:
    chain.rule(LOW, tell_users=(OWNER,))
    for back in (1, 2):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 10_000)
    assert chain.watch()
    before = chain.history(), chain.notices()
    assert not chain.watch(), "nothing changed, so nothing is evaluated"
    chain.run("delete from alert_watch")
    assert chain.watch()
    assert (chain.history(), chain.notices()) == before


def test_two_beats_at_once_do_not_meet(chain: Tea) -> None:
    chain.rule(LOW)
    with chain.warehouse.begin(chain.scope) as connection:
        assert free(connection, Lock.ALERTS, chain.chain)
        assert not chain.watch()
    assert chain.watch()


def test_what_changes_the_past_back_and_forth_is_told_once(chain: Tea) -> None:
    chain.rule(LOW, tell_users=(OWNER,))
    store = chain.stores[0]
    for amounts in ((10_000, 10_000), (USUAL, USUAL), (10_000, 10_000)):
        for back, amount in enumerate(amounts, 1):
            chain.take(store, TODAY - timedelta(days=back), amount)
        chain.watch()
    (fired,) = chain.history()
    assert fired.cleared_at is None
    assert len(chain.notices()) == 1


def test_a_figure_that_was_mended_takes_the_alert_back(chain: Tea) -> None:
    chain.rule(LOW)
    for back in (1, 2):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 10_000)
    chain.watch()
    chain.take(chain.stores[0], TODAY - timedelta(days=2), USUAL)
    chain.watch()
    assert [one.cleared_why for one in chain.history()] == ["revised"]


def test_late_data_is_said_to_be_late_and_what_is_over_is_not_told(chain: Tea) -> None:
    chain.rule(LOW, tell_users=(OWNER,))
    first, second, _ = chain.stores
    # Two bad days three weeks ago, long over; and bad days since last week, still going on.
    for back in (20, 21):
        chain.take(first, TODAY - timedelta(days=back), 10_000)
    for back in range(1, 8):
        chain.take(second, TODAY - timedelta(days=back), 10_000)
    chain.watch()
    over, going = sorted(chain.history(), key=lambda one: one.subject)
    assert (over.late, over.cleared_why) == (True, "back")
    assert (going.late, going.cleared_at) == (True, None)
    assert [(number, state) for number, _, state, _ in chain.notices()] == [
        (going.alert_id, "waiting")
    ]


def test_a_rule_made_today_tells_what_is_so_now_and_not_what_was(chain: Tea) -> None:
    first, second, _ = chain.stores
    for back in (20, 21):
        chain.take(first, TODAY - timedelta(days=back), 10_000)
    for back in range(1, 8):
        chain.take(second, TODAY - timedelta(days=back), 10_000)
    chain.rule(LOW, tell_users=(OWNER,))
    chain.run("update alert_rule set changed_at = :now", now=NOON)
    chain.watch()
    (going,) = chain.history()
    assert (going.subject, going.late) == (f"store:{second}", False)
    assert len(chain.notices()) == 1


def test_figures_that_end_long_ago_are_not_told(chain: Tea) -> None:
    chain.rule(LOW, tell_users=(OWNER,))
    for back in range(1, 12):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 10_000 if back > 9 else 0)
    chain.watch()
    assert len(chain.open()) == 1
    assert chain.notices() == []


def test_a_day_that_is_not_whole_yet_says_nothing(chain: Tea) -> None:
    """Alipay has come, WeChat has not: that is no weak day; after three days it stands as it is."""
    chain.rule(Rule("below", metric="gross_sales", bound=USUAL))
    for store in chain.stores:
        chain.run(
            "insert into store_day (chain_id, business_date, store_id, platform, channel,"
            " currency, gross, orders) select chain_id, business_date, store_id, 'alipay', '',"
            " 'CNY', 30000, 1 from store_day where store_id = :store",
            store=store,
        )
    chain.run("delete from store_day where business_date = :day and platform = 'wechat'",
              day=YESTERDAY)  # fmt: skip
    chain.take(chain.stores[0], TODAY - timedelta(days=50), USUAL)  # adds up
    chain.watch()
    assert chain.open() == []
    chain.watch(_at(TODAY + timedelta(days=3)))
    assert len(chain.open()) == 3


def test_while_a_file_is_read_no_figure_is_judged(chain: Tea) -> None:
    chain.rule(LOW)
    for back in (1, 2):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 10_000)
    chain.run(
        "insert into import_batch (chain_id, file_name, sha256, size_bytes, state)"
        " values (:chain, 'f', '\\x00', 1, 'reading')", chain=chain.chain,
    )  # fmt: skip
    chain.watch()
    assert chain.open() == []
    chain.run("update import_batch set state = 'done'")
    chain.watch()
    assert len(chain.open()) == 1


@pytest.mark.parametrize(
    ("rule", "subjects"),
    [
        (Rule("fell", metric="net_sales", each="region", bound=0.3), {"region:north"}),
        (Rule("below", metric="net_sales", each="chain", bound=USUAL * 2.5), {"chain"}),
        (Rule("below", each="platform", bound=USUAL * 2.5), {"platform:wechat"}),
        (Rule("fell", metric="net_sales", bound=0.3), {"store:1"}),
        (Rule("fell", metric="net_sales", span=7, bound=0.1), {"store:1"}),
        (Rule("fell", metric="net_sales", span=28, bound=0.02), {"store:1"}),
        (Rule("fell", metric="net_sales", each="chain", bound=0.2), {"chain"}),
        (Rule("rose", metric="net_sales", bound=0.1), set()),
        (Rule("below", metric="share_of_chain", bound=0.1), {"store:1"}),
        (Rule("above", metric="share_of_chain", bound=0.4), {"store:2", "store:3"}),
        (Rule("above", metric="average_ticket", bound=2000), {"store:2", "store:3"}),
        (Rule("below", metric="sales_per_sqm", bound=500), {"store:1"}),
        (Rule("above", metric="days_without", span=28, bound=0), set()),
    ],
)  # fmt: skip
def test_each_kind_and_unit_finds_the_store_that_took_less(
    chain: Tea, rule: Rule, subjects: set[str]
) -> None:
    chain.run("update store set area_sqm = 100")
    chain.take(chain.stores[0], YESTERDAY, 10_000)
    chain.rule(rule)
    chain.watch()
    with chain.warehouse.begin(chain.scope) as connection:
        north = connection.scalar(text("select region_id from region where name = '北区'"))
    named = {"region:north": f"region:{north}"}
    named |= {f"store:{number}": f"store:{store}" for number, store in enumerate(chain.stores, 1)}
    assert {one.subject for one in chain.open()} == {named.get(each, each) for each in subjects}


def test_growth_is_against_the_same_weekdays_a_year_before(chain: Tea) -> None:
    chain.take(chain.stores[0], YESTERDAY - timedelta(days=364), USUAL * 2)
    chain.take(chain.stores[1], YESTERDAY - timedelta(days=364), USUAL)
    chain.rule(Rule("below", metric="same_store_growth", bound=-0.2))
    chain.watch()
    (fired,) = chain.open()
    assert (fired.subject, fired.facts["value"]) == (f"store:{chain.stores[0]}", -0.5)


def test_days_without_data_are_counted_from_the_opening_on(chain: Tea) -> None:
    for back in (5, 6, 7):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 0)
    chain.run(
        "update store set opened_on = :day where store_id = :store",
        day=YESTERDAY, store=chain.stores[2],
    )  # fmt: skip
    chain.run("delete from store_day where store_id = :store and business_date < :day",
              day=YESTERDAY, store=chain.stores[2])  # fmt: skip
    chain.rule(Rule("above", metric="days_without", span=28, bound=2))
    chain.watch()
    assert [(one.subject, one.facts["value"]) for one in chain.open()] == [
        (f"store:{chain.stores[0]}", 3.0)
    ]


def test_a_rule_of_some_stores_looks_at_no_others(chain: Tea) -> None:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    low = {"metric": "gross_sales", "bound": USUAL / 2}
    with chain.warehouse.begin(chain.scope) as connection:
        north = connection.scalar(text("select region_id from region where name = '北区'"))
    chain.rule(Rule("below", regions=(int(north or 0),), **low))  # type: ignore[arg-type]
    chain.watch()
    assert [one.store_ids for one in chain.open()] == [(store,) for store in chain.stores[:2]]


def _forecast(chain: Tea, run: int, first: date, low: int) -> None:
    chain.run(
        "insert into forecast_run (chain_id, run_id, state, learned_until, first_day, last_day,"
        " done_at) overriding system value values (:chain, :run, 'done', cast(:first as date) - 1,"
        " :first, cast(:first as date) + 30, now())", chain=chain.chain, run=run, first=first,
    )  # fmt: skip
    chain.run(
        "insert into forecast (chain_id, run_id, store_id, day, mean, quantiles)"
        " select :chain, :run, store_id, cast(:first as date) + ahead, :mid,"
        " array(select :low + 5000 * (q - 1) from generate_series(1, 9) q)"
        " from store, generate_series(0, 30) ahead where not unassigned",
        chain=chain.chain, run=run, first=first, low=low, mid=low + 20_000,
    )  # fmt: skip


def test_a_store_is_held_against_the_forecast_that_was_made_before(chain: Tea) -> None:
    """The run of that very night has seen the day, and would say that all is as expected."""
    _forecast(chain, 1, YESTERDAY - timedelta(days=3), 80_000)
    _forecast(chain, 2, TODAY, 10_000)
    chain.rule(Rule("range", days=2))
    for back in (1, 2):
        chain.take(chain.stores[0], TODAY - timedelta(days=back), 79_000)
    chain.watch()
    (fired,) = chain.open()
    assert (fired.facts["value"], fired.facts["against"], fired.facts["high"]) == (
        79_000, 80_000, 120_000,
    )  # fmt: skip


def test_a_store_forecast_to_be_closed_is_not_below_its_range(chain: Tea) -> None:
    _forecast(chain, 1, YESTERDAY - timedelta(days=3), 80_000)
    chain.run("update forecast set open = false where store_id = :store", store=chain.stores[0])
    chain.rule(Rule("range"))
    chain.take(chain.stores[0], YESTERDAY, 100)
    chain.watch()
    assert chain.open() == []


def test_a_jump_of_a_platforms_fees_is_seen(chain: Tea) -> None:
    chain.run("update store_day set fee = 600")
    chain.run("update store_day set fee = 1200 where business_date > :day",
              day=TODAY - timedelta(days=8))  # fmt: skip
    chain.take(chain.stores[0], TODAY - timedelta(days=60), USUAL)
    chain.rule(Rule("rose", metric="fee_rate", each="platform", span=7, bound=0.2))
    chain.watch()
    (fired,) = chain.open()
    assert fired.subject == "platform:wechat"
    assert fired.facts["value"] == pytest.approx(0.012)
    assert fired.facts["against"] == pytest.approx(0.006, rel=0.02)


def test_silence_fires_at_its_hour_once_and_ends_with_the_data(chain: Tea) -> None:
    chain.rule(Rule("silent", at="10:00"), tell_users=(OWNER,))
    chain.take(chain.stores[0], YESTERDAY, 0)
    chain.watch(_at(TODAY, "09:59"))
    assert chain.open() == []
    chain.watch(_at(TODAY, "10:00"))
    (fired,) = chain.open()
    assert (fired.day, fired.facts["days"], fired.late) == (YESTERDAY, 1, False)
    chain.day_passes(TODAY, s1=0)
    chain.watch(_at(TODAY + timedelta(days=1), "10:30"))
    (still,) = chain.open()
    assert (still.alert_id, still.facts["days"]) == (fired.alert_id, 2)
    assert len(chain.notices()) == 1
    chain.take(chain.stores[0], YESTERDAY, USUAL)
    chain.take(chain.stores[0], TODAY, USUAL)
    chain.watch(_at(TODAY + timedelta(days=1), "11:00"))
    assert chain.open() == []
    chain.watch(_at(TODAY + timedelta(days=2), "10:00"))
    assert len(chain.open()) == 3, "the next morning without data is something new"
    assert len([one for one in chain.history() if one.subject == fired.subject]) == 2


def test_a_file_put_aside_fires_until_it_is_read(chain: Tea) -> None:
    chain.rule(Rule("files"))
    chain.run(
        "insert into import_batch (chain_id, file_name, sha256, size_bytes, state)"
        " values (:chain, 'alipay.csv', '\\x00', 1, 'quarantined')", chain=chain.chain,
    )  # fmt: skip
    chain.watch()
    (fired,) = chain.open()
    assert fired.facts == {"file": "alipay.csv", "state": "quarantined"}
    chain.run("update import_batch set state = 'done'")
    chain.watch()
    assert [one.cleared_why for one in chain.history()] == ["back"]


def test_money_bound_to_no_store_fires_above_its_bound(chain: Tea) -> None:
    chain.rule(Rule("unbound", bound=50_000))
    with chain.warehouse.begin(chain.scope) as connection:
        nowhere = int(connection.scalar(text("select store_id from store where unassigned")) or 0)
    chain.take(nowhere, YESTERDAY, 49_000)
    chain.watch()
    assert chain.open() == []
    chain.take(nowhere, YESTERDAY, 51_000)
    chain.watch()
    assert [one.facts["value"] for one in chain.open()] == [51_000]
    chain.take(nowhere, YESTERDAY, 45_000)
    chain.watch()
    assert len(chain.open()) == 1, "it is over only when well below"
    chain.take(nowhere, YESTERDAY, 30_000)
    chain.watch()
    assert chain.open() == []


def test_a_rule_sees_what_its_owner_sees(chain: Tea) -> None:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    low = Rule("below", metric="gross_sales", bound=USUAL / 2)
    chain.rule(low, user=MANAGER)
    chain.watch()
    assert [one.store_ids for one in chain.open()] == [(chain.stores[2],)]
    chain.rule(Rule("below", metric="gross_sales", each="chain", bound=USUAL / 2), user=MANAGER)
    chain.watch()
    assert min((one.subject, one.store_ids) for one in chain.open()) == (
        "chain",
        (chain.stores[2],),
    )


def test_who_is_gone_takes_their_alerts_along(chain: Tea) -> None:
    chain.take(chain.stores[2], YESTERDAY, 10_000)
    chain.rule(Rule("below", metric="gross_sales", bound=USUAL / 2), user=MANAGER)
    chain.watch()
    with chain.warehouse.directory() as connection:
        connection.execute(
            text("delete from directory.membership where user_id = :user"), {"user": MANAGER}
        )
    chain.watch()
    assert [one.cleared_why for one in chain.history()] == ["rule"]


def _scopes(chain: Tea) -> dict[str, Scope]:
    return {
        "owner": Scope(chain.chain, OWNER, "owner"),
        "viewer": Scope(chain.chain, VIEWER, "viewer"),
        "manager": Scope(chain.chain, MANAGER, "store", (chain.stores[2],)),
    }


def test_each_sees_what_fired_at_their_stores_where_the_rule_is_shared(chain: Tea) -> None:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    number = chain.rule(Rule("below", metric="gross_sales", bound=USUAL / 2))
    chain.rule(Rule("below", metric="gross_sales", each="chain", bound=USUAL * 3), shared=True)
    chain.watch()
    scopes = _scopes(chain)
    assert {who: len(chain.open(scope)) for who, scope in scopes.items()} == {
        "owner": 4, "viewer": 1, "manager": 0,
    }  # fmt: skip
    chain.run("update alert_rule set shared = true where rule_id = :rule", rule=number)
    assert {who: len(chain.open(scope)) for who, scope in scopes.items()} == {
        "owner": 4, "viewer": 4, "manager": 1,
    }  # fmt: skip
    chain.run("update alert_rule set shared = false, tell_users = array[:user]::bigint[]",
              user=MANAGER)  # fmt: skip
    assert {who: len(chain.open(scope)) for who, scope in scopes.items()} == {
        "owner": 4, "viewer": 0, "manager": 1,
    }  # fmt: skip


def test_nobody_but_owner_and_finance_tells_others(chain: Tea) -> None:
    rule = Rule("below", metric="gross_sales", bound=1)
    for who, scope in _scopes(chain).items():
        user = scope.user_id or 0
        told = [SavedRule(0, user, rule, shared=True), SavedRule(0, user, rule, tell_users=(9,)),
                SavedRule(0, user, rule, tell_robots=(1,))]  # fmt: skip
        for saved in told:
            if who == "owner":
                with chain.warehouse.begin(scope) as connection:
                    assert alerts.save(connection, scope, saved)
                continue
            with (
                pytest.raises(Exception, match="row-level security"),
                chain.warehouse.begin(scope) as connection,
            ):
                alerts.save(connection, scope, saved)
        with chain.warehouse.begin(scope) as connection:
            assert alerts.save(connection, scope, SavedRule(0, user, rule, tell_users=(user,)))


def test_only_its_maker_and_owners_change_a_rule(chain: Tea) -> None:
    rule = Rule("below", metric="gross_sales", bound=1)
    number = chain.rule(rule, user=MANAGER, shared=True)
    scopes = _scopes(chain)
    for scope in (scopes["viewer"],):
        for change in (
            lambda connection: alerts.pause(connection, chain.chain, number, paused=True),
            lambda connection: alerts.remove(connection, chain.chain, number),
            lambda connection, scope=scope: alerts.snooze(connection, scope, number, "", NOON),
            lambda connection, scope=scope: alerts.save(
                connection, scope, SavedRule(number, VIEWER, rule)
            ),
        ):
            with pytest.raises(PermanentError), chain.warehouse.begin(scope) as connection:
                change(connection)
    chain.run("update alert_rule set shared = false")
    for scope in (scopes["manager"], scopes["owner"]):
        with chain.warehouse.begin(scope) as connection:
            alerts.pause(connection, chain.chain, number, paused=True)
            alerts.pause(connection, chain.chain, number, paused=False)
            alerts.snooze(connection, scope, number, "", NOON)
            alerts.wake(connection, chain.chain, number, "")
            alerts.save(connection, scope, SavedRule(number, MANAGER, rule))


def test_an_alert_is_acknowledged_by_who_sees_it_and_may_do_more_than_look(chain: Tea) -> None:
    for store in chain.stores:
        chain.take(store, YESTERDAY, 10_000)
    chain.rule(Rule("below", metric="gross_sales", bound=USUAL / 2), shared=True)
    chain.watch()
    scopes, numbers = _scopes(chain), [one.alert_id for one in chain.open()]
    with (
        pytest.raises(PermanentError),
        chain.warehouse.begin(scopes["viewer"]) as connection,
    ):
        alerts.acknowledge(connection, scopes["viewer"], numbers, "looked")
    with chain.warehouse.begin(scopes["manager"]) as connection:
        assert alerts.acknowledge(connection, scopes["manager"], numbers, "called them") == 1
    noted = [(one.acked_by, one.ack_note) for one in chain.open() if one.acked_at]
    assert noted == [(MANAGER, "called them")]


def test_quiet_hours_and_snoozes_put_off_what_is_told(chain: Tea) -> None:
    quiet: dict[str, Any] = {"tell_users": (OWNER,), "quiet_from": "22:00", "quiet_to": "08:00"}
    low = Rule("below", metric="gross_sales", bound=USUAL / 2)
    plain = chain.rule(low, **quiet)
    urgent = chain.rule(low, severity="urgent", **quiet)
    chain.take(chain.stores[0], YESTERDAY, 10_000)
    night = _at(TODAY, "23:30")
    chain.watch(night)
    of = {one.alert_id: one.rule_id for one in chain.open()}
    due = {of[number]: at for number, _, _, at in chain.notices()}
    assert due == {plain: _at(TODAY + timedelta(days=1), "08:00"), urgent: night}
    snoozed = chain.rule(low, tell_users=(OWNER,))
    until = _at(TODAY + timedelta(days=3))
    with chain.warehouse.begin(chain.scope) as connection:
        alerts.snooze(connection, chain.scope, snoozed, f"store:{chain.stores[0]}", until)
    chain.watch(night + timedelta(minutes=1))
    of = {one.alert_id: one.rule_id for one in chain.open()}
    assert [at for number, _, _, at in chain.notices() if of[number] == snoozed] == [until]


def test_a_chain_starts_with_rules_each_once_for_ever(database: Database, tmp_path: Path) -> None:
    warehouse = Warehouse(database.app)
    chain = tea(warehouse, Settings(data=tmp_path), quiet=False)
    chain.watch()
    with warehouse.begin(chain.scope) as connection:
        begun = alerts.rules(connection, chain.chain)
        assert {one.user_id for one in begun} == {OWNER}
        for one in begun:
            alerts.remove(connection, chain.chain, one.rule_id)
    chain.run("delete from alert_watch")
    chain.watch()
    with warehouse.begin(chain.scope) as connection:
        assert alerts.rules(connection, chain.chain) == []
    assert len(begun) >= 5
    assert chain.open() == [], "an ordinary chain has nothing to be told"
    warehouse.close()
