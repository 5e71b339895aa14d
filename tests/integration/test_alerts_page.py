"""The Alerts page: rules made of choices, what is open, notes and quiet; each their own."""

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from dashboard import guard
from tests.conftest import Database
from tests.integration.access_world import EAST_1, RULE, WEST, World, world
from tests.integration.boards import HERE
from warehouse.session import Scope

FIELDS = {
    "kind": "below", "metric": "net_sales", "each": "store", "span": "1", "bound": 800,
    "days": 2, "at": "10:00", "day": "before", "regions": [], "stores": [],
}  # fmt: skip
MORE: dict[str, Any] = {
    "severity": "warning", "mail": True, "people": [], "groups": [], "shared": False,
    "from": "21:30", "to": "08:00",
}  # fmt: skip
OWNER = 1001


@pytest.fixture
def opened(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)
    with world(database, tmp_path, None) as made:
        made.board.client().get("/healthz")
        yield made


def _press(opened: World, who: str, start: str, **values: Any) -> str:
    """Return what the browser is answered when ``start`` (an id and its property) fires."""
    client: FlaskClient = opened.clients[who]
    wild = start.startswith("{")
    name = '{"number":["ALL"],"type":"alerts-do","what":["ALL"]}.n_clicks' if wild else start
    if '"alerts-sure"' in start:
        name = '{"number":["ALL"],"type":"alerts-sure"}.n_clicks'
    (output,) = (
        key
        for key, one in opened.board.app.callback_map.items()
        if name in [f"{each['id']}.{each['property']}" for each in one["inputs"]]
    )
    one = opened.board.app.callback_map[output]
    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]

    def value(each: dict[str, Any]) -> Any:
        called = f"{each['id']}.{each['property']}"
        if called == name and wild:
            given = json.loads(start.rpartition(".")[0])
            return [{"id": given, "property": each["property"], "value": 1}]
        known = values.get(each["id"].removeprefix("alerts-").replace("-", "_"))
        return {
            "id": each["id"],
            "property": each["property"],
            "value": 1 if called == name and known is None else known,
        }

    body = {
        "output": output,
        "outputs": [{"id": left, "property": right} for left, _, right in outputs],
        "inputs": [value(each) for each in one["inputs"]],
        "state": [value(each) for each in one["state"]],
        "changedPropIds": [start],
    }
    answer = client.post("/_dash-update-component", json=body, headers=HERE)
    assert answer.status_code in {200, 204}, answer.text[:300]
    assert "Something failed on our side" not in answer.text, answer.text[:600]
    return json.dumps(answer.get_json(), ensure_ascii=False) if answer.data else ""


def _do(what: str, number: int) -> str:
    given = {"number": number, "type": "alerts-do", "what": what}
    return f"{json.dumps(given, separators=(',', ':'))}.n_clicks"


def _save(opened: World, who: str, **changes: Any) -> str:
    given = {"which": 0} | FIELDS | MORE | changes
    return _press(opened, who, "alerts-save.n_clicks", **given)


def _page(opened: World, who: str) -> str:
    return _press(opened, who, "alerts-changed.data", changed=1)


def _rows(opened: World, query: str) -> list[Any]:
    with opened.board.warehouse.begin(Scope(1)) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_rule_of_choices_is_a_sentence_and_is_kept(opened: World) -> None:
    said = _press(opened, "owner", "alerts-kind.value", **FIELDS)
    told = "Tell me when net sales of any store is below ¥800 for 2 days running."
    assert told in said
    assert "is saved" in _save(opened, "owner", shared=True)
    assert told in _page(opened, "owner")
    ((spec, users, shared),) = _rows(
        opened, "select spec, tell_users, shared from alert_rule where rule_id <> 901"
    )
    assert (spec["bound"], spec["days"], users, shared) == (80_000, 2, [OWNER], True)


def test_what_is_no_rule_is_refused_with_a_sentence(opened: World) -> None:
    assert "Type the bound as a number" in _save(opened, "owner", bound="")
    assert "Quiet hours need two times" in _save(opened, "owner", **{"from": "late"})
    assert len(_rows(opened, "select 1 from alert_rule")) == 1


def test_who_may_not_tell_others_makes_rules_for_themselves(opened: World) -> None:
    for who in ("finance", "viewer", "store-west", "regional-east"):
        asked = {"shared": True, "people": [str(OWNER)], "stores": [str(WEST)]}
        assert "is saved" in _save(opened, who, **asked)
    kept = _rows(
        opened,
        "select shared, cardinality(tell_users) from alert_rule where rule_id <> 901"
        " order by made_at",
    )
    assert kept == [(True, 2), (False, 1), (False, 1), (False, 1)]
    assert "Hillside is below ¥800" not in _page(opened, "regional-east")
    assert "Hillside is below ¥800" in _page(opened, "store-west")


def test_each_sees_their_stores_alerts_and_says_what_is_done(opened: World) -> None:
    assert "3 alerts are open." in _page(opened, "viewer")
    west = _page(opened, "store-west")
    assert "One alert is open." in west
    assert "Hillside: Net sales ¥900 on Tue 3 Mar, below ¥1K." in west
    assert "Lakeside" not in west
    assert "One alert is open." in _page(opened, "store-east")
    asked = {"noted": [WEST, EAST_1], "note": "called  them"}
    for who in ("viewer", "other-owner", "regional-of-nothing"):
        refused = _press(opened, who, "alerts-note-save.n_clicks", **asked)
        assert "Noted." not in refused, who
    assert _rows(opened, "select 1 from alert where acked_at is not null") == []
    assert "Noted." in _press(opened, "store-west", "alerts-note-save.n_clicks", **asked)
    assert _rows(opened, "select alert_id, ack_note from alert where acked_at is not null") == [
        (WEST, "called them")
    ]
    assert "called them" in _page(opened, "owner")


def test_what_somebody_is_at_is_off_the_overview(opened: World) -> None:
    def board(who: str) -> str:
        return _press_overview(opened, who)

    assert "3 at once" in board("owner")
    asked = {"noted": [WEST, EAST_1], "note": ""}
    _press(opened, "owner", "alerts-note-save.n_clicks", **asked)
    assert "Bridge: Net sales" in board("owner")
    _press(opened, "owner", _do("snooze_1", RULE))
    assert "alert" not in board("owner").lower().replace("overview-alerts", "")
    assert "3 are snoozed." in _page(opened, "owner")
    _press(opened, "owner", _do("wake", RULE))
    assert "Bridge: Net sales" in board("owner")


def _quiet(opened: World, who: str, number: int, **values: Any) -> str:
    asked = {"noted": [number], "quiet_days": "7", "quiet_until": ""} | values
    return _press(opened, who, "alerts-quiet-save.n_clicks", **asked)


def test_one_store_of_a_rule_is_kept_quiet_and_the_others_are_not(opened: World) -> None:
    asked = _press(opened, "owner", _do("snooze_one", WEST))
    assert "Hillside: Net sales ¥900" in asked
    assert "Quiet it is" in _quiet(opened, "owner", WEST)
    assert _rows(opened, "select rule_id, subject from alert_snooze") == [(RULE, f"store:{WEST}")]
    page = _page(opened, "owner")
    assert "2 alerts are open." in page
    assert "One is snoozed." in page
    assert page.count("End the quiet") == 2, "the button of the one store, and what it is about"
    assert "2 at once" in _press_overview(opened, "owner")
    # Who sees that store alone has nothing left to look at.
    assert "One is snoozed." in _page(opened, "store-west")
    assert "One alert is open." in _page(opened, "store-east")
    _press(opened, "owner", _do("wake_one", WEST))
    assert _rows(opened, "select 1 from alert_snooze") == []
    assert "3 at once" in _press_overview(opened, "owner")


def test_quiet_ends_on_the_morning_of_the_day_typed(opened: World) -> None:
    zone = ZoneInfo("Asia/Shanghai")
    day = datetime.now(zone).date() + timedelta(days=40)
    assert "Quiet it is" in _quiet(opened, "owner", WEST, quiet_until=day.isoformat())
    ((until,),) = _rows(opened, "select until from alert_snooze")
    assert until == datetime.combine(day, time(), zone)
    today = datetime.now(zone).date()
    for wrong in (
        {"quiet_until": today.isoformat()},
        {"quiet_until": (today + timedelta(days=400)).isoformat()},
        {"quiet_until": "tomorrow"},
        {"quiet_days": "9"},
    ):
        assert "Choose a day after today" in _quiet(opened, "owner", EAST_1, **wrong), wrong
    assert len(_rows(opened, "select 1 from alert_snooze")) == 1


def test_one_store_is_kept_quiet_by_who_made_the_rule_and_owners_alone(opened: World) -> None:
    for who in ("finance", "viewer", "store-west", "store-east", "other-owner"):
        for told in (
            _quiet(opened, who, WEST),
            _press(opened, who, _do("snooze_one", WEST)),
            _press(opened, who, _do("wake_one", WEST)),
        ):
            assert "Make a rule of your own instead" in told or "no longer there" in told, who
    assert _rows(opened, "select 1 from alert_snooze") == []


def _press_overview(opened: World, who: str) -> str:
    body = {
        "output": "overview-alerts.children",
        "outputs": {"id": "overview-alerts", "property": "children"},
        "inputs": [{"id": "overview-there", "property": "data", "value": True}],
        "state": [],
        "changedPropIds": ["overview-there.data"],
    }
    answer = opened.clients[who].post("/_dash-update-component", json=body, headers=HERE)
    assert answer.status_code == 200
    return json.dumps(answer.get_json(), ensure_ascii=False)


@pytest.mark.parametrize("what", ["change", "pause", "remove", "snooze_7", "wake"])
def test_a_rule_is_changed_by_its_maker_and_owners_alone(opened: World, what: str) -> None:
    for who in ("finance", "viewer", "store-west", "other-owner"):
        told = _press(opened, who, _do(what, RULE))
        assert "Make a rule of your own instead" in told or "no longer there" in told, (who, told)
    _press(opened, "owner", _do("snooze_7", RULE))
    told = _press(opened, "owner", _do(what, RULE))
    assert "no longer there" not in told
    assert "instead" not in told


def test_a_rule_that_is_removed_leaves_the_list(opened: World) -> None:
    sure = '{"number":901,"type":"alerts-sure"}.n_clicks'
    assert "Make a rule of your own" in _press(opened, "store-west", sure)
    assert "is removed" in _press(opened, "owner", sure)
    assert "No rule yet" in _page(opened, "owner")


def test_changing_whom_a_rule_tells_does_not_make_it_new(opened: World) -> None:
    _save(opened, "owner")
    before = _rows(opened, "select rule_id, changed_at from alert_rule order by made_at")
    number = int(before[-1][0])
    _save(opened, "owner", which=number, mail=False)
    assert _rows(opened, "select rule_id, changed_at from alert_rule order by made_at") == before
    _save(opened, "owner", which=number, bound=700)
    assert _rows(opened, "select rule_id, changed_at from alert_rule order by made_at") != before
