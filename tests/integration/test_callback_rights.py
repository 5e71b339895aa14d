"""Each callback of the board is known to read or to change, and who may only look changes nothing.

A new callback must be put into one of the two lists; one that changes something needs its line in
``CHANGES``, which says how it is called.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from dashboard.pages import PAGES
from tests.conftest import Database
from tests.integration.boards import HERE, Running, running
from warehouse.session import Scope

CHANGES: dict[str, dict[str, Any]] = {
    "undo-sure.n_clicks": {"imports-shown.data": 1, "imports-changed.data": 0},
    "imports-again.n_clicks": {"imports-shown.data": 1, "imports-changed.data": 0},
    "map-save.n_clicks": {
        "map-name.value": "x",
        '{"column":["ALL"],"type":"map-column"}.value': [],
        "imports-shown.data": 1,
        "imports-changed.data": 0,
    },
    '{"place":["ALL"],"type":"places-bind"}.n_clicks': {},
    "cash-save.n_clicks": {"cash-store.value": "1", "cash-earlier.data": {}},
    "setup-save.n_clicks": {"setup-known.data": False},
    "fiscal-save.n_clicks": {"fiscal-kind.value": "454", "fiscal-month.value": "2"},
    "setup-vat-save.n_clicks": {"setup-vat-rate.value": "6"},
    '{"since":["ALL"],"type":"setup-vat-drop"}.n_clicks': {},
    "start-next.n_clicks": {"start-step.data": "chain"},
    "start-leave.n_clicks": {},
    "start-save.n_clicks": {
        "start-name.value": "x",
        "start-country.value": "CN",
        "start-currency.value": "CNY",
        "start-time-zone.value": "Asia/Shanghai",
    },
    "start-add.n_clicks": {"setup-changed.data": 0},
    "forecast-start.n_clicks": {},
    '{"at":["ALL"],"type":"marketing-ask"}.n_clicks': {},
    "forecast-save.n_clicks": {
        "forecast-asked.data": {"unit": "store-1", "ahead": "30"},
        "forecast-from.value": "2030-01-01",
        "forecast-to.value": "2030-01-02",
        "forecast-value.value": "10",
        "forecast-reason.value": "x",
    },
    '{"override":["ALL"],"type":"forecast-revoke"}.n_clicks': {},
    "forecast-target-save.n_clicks": {
        "forecast-target-month.data": "2030-01-01",
        "forecast-target.value": "1",
    },
    "chain-export.n_clicks": {"chain-export-name.value": "Tea"},
    "chain-remove.n_clicks": {"chain-remove-name.value": "Tea"},
    "chain-keep.n_clicks": {},
    "keeping-save.n_clicks": {},
    '{"number":["ALL"],"type":"people-forget"}.n_clicks': {},
    "plans-grid.cellValueChanged": {},
    "plans-copy.n_clicks": {"plans-year.value": "2026", "plans-copy-percent.value": "5"},
    "plans-note-save.n_clicks": {
        "plans-note-from.value": "2030-01-01",
        "plans-note-to.value": "2030-01-02",
        "plans-note-store.value": "0",
        "plans-note-text.value": "x",
    },
    '{"note":["ALL"],"type":"plans-note-edit"}.n_clicks': {},
    '{"note":["ALL"],"type":"plans-note-remove"}.n_clicks': {},
    "plans-day-save.n_clicks": {
        "plans-day-from.value": "2030-01-01",
        "plans-day-to.value": "2030-01-02",
        "plans-day-kind.value": "event",
        "plans-day-store.value": "0",
        "plans-day-name.value": "x",
    },
    '{"days":["ALL"],"type":"plans-day-remove"}.n_clicks': {},
    "people-save.n_clicks": {"people-email.value": "x@example.com", "people-role.value": "owner"},
    '{"number":["ALL"],"type":"people-do","what":["ALL"]}.n_clicks': {},
    '{"number":["ALL"],"type":"people-sure"}.n_clicks': {},
    "digests-robot-save.n_clicks": {
        "digests-robot-platform.value": "wecom",
        "digests-robot-address.value": "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1",
    },
    '{"number":["ALL"],"type":"digests-robot-do"}.n_clicks': {},
    "digests-domains-save.n_clicks": {"digests-domains.value": "example.com"},
    "tokens-save.n_clicks": {
        "tokens-name.value": "x",
        "tokens-scopes.value": ["stores"],
        "tokens-days.value": "30",
    },
    '{"number":["ALL"],"type":"tokens-do"}.n_clicks': {},
    '{"number":["ALL"],"type":"tokens-sure"}.n_clicks': {},
    "locations-start.n_clicks": {"locations-capex.value": "1000"},
    '{"kind":["ALL"],"type":"locations-drop"}.n_clicks': {},
}
"""What starts a change, and the states that its callback takes (the others are empty)."""
PRESSED: dict[str, Any] = {
    "plans-grid.cellValueChanged": [{"rowId": "0", "colId": "2030-01-01", "value": "5"}]
}
"""What starts a change otherwise than by a click."""
READS = frozenset(
    {
        "overview-there.data",
        "overview-measure.value",
        "store-measure.value",
        "plans-year.value",
        "made-of-payments.getRowsRequest",
        "marketing-changed.data",
        "marketing-tick.n_intervals",
        "marketing-split.n_clicks",
        "plans-changed.data",
        "filters.data",
        "theme.data",
        "imports-tick.n_intervals",
        "imports-changed.data",
        "imports-opened.data",
        "cash-store.value",
        "setup-search.value",
        "fiscal-kind.value",
        "setup-changed.data",
        "start-country.value",
        "series-tick.n_intervals",
        "exports-tick.n_intervals",
        "_pages_location.pathname",
        "forecast-asked.data",
        "forecast-changed.data",
        "forecast-tick.n_intervals",
        "forecast-if-ask.n_clicks",
        "people-changed.data",
        "alerts-changed.data",
        "schedules-changed.data",
        "schedules-what.value",
        "alerts-kind.value",
        "people-role.value",
        "people-invite.n_clicks",
        "digests-changed.data",
        "digests-search.value",
        "digests-tick.n_intervals",
        "digests-robots-changed.data",
        "digests-rhythm.value",
        "digests-add.n_clicks",
        "digests-robot-add.n_clicks",
        "tokens-changed.data",
        "tokens-make.n_clicks",
        "locations-changed.data",
        "locations-tick.n_intervals",
        "locations-city.value",
        "locations-pin.data",
        "locations-state.data",
        "locations-graph.clickData",
        "locations-ask.n_clicks",
        "locations-compare.value",
    }
)
OWN = frozenset(
    {
        '{"number":["ALL"],"type":"alerts-do","what":["ALL"]}.n_clicks',
        '{"number":["ALL"],"type":"alerts-sure"}.n_clicks',
        "alerts-save.n_clicks",
        '{"number":["ALL"],"type":"schedules-do","what":["ALL"]}.n_clicks',
        "schedules-save.n_clicks",
        "alerts-note-save.n_clicks",
        "alerts-quiet-save.n_clicks",
        "digests-save.n_clicks",
        '{"number":["ALL"],"type":"digests-do","what":["ALL"]}.n_clicks',
        '{"number":["ALL"],"type":"digests-sure"}.n_clicks',
    }
)
"""What starts a change of one's own things, which every role has.

``test_alerts_page``, ``test_scheduled_exports`` and ``test_digests_page`` try them.
"""
REFUSALS = (
    "Your role may look but not",
    "Only an owner may invite",
    "Only an owner or finance",
    "Only an owner of the whole",
)
TABLES = (
    "chain",
    "column_map",
    "store",
    "vat_rate",
    "store_binding",
    "account",
    "import_batch",
    "forecast_run",
    "forecast_override",
    "budget_plan",
    "target",
    "directory.api_token",
    "day_note",
    "calendar_day",
    "robot",
    "site_input",
    "site_market",
)


@pytest.fixture
def board(database: Database, tmp_path: Path) -> Iterator[Running]:
    with running(database, tmp_path, PAGES) as opened:
        opened.client().get("/healthz")
        yield opened


def _on_server(board: Running) -> dict[str, dict[str, Any]]:
    """Return the callbacks that the server answers, by output."""
    return {key: one for key, one in board.app.callback_map.items() if "callback" in one}


def _inputs(one: dict[str, Any]) -> list[str]:
    return [f"{each['id']}.{each['property']}" for each in one["inputs"]]


def test_every_callback_is_known_to_read_or_to_change(board: Running) -> None:
    found = _on_server(board)
    assert len(found) >= 12
    for output, one in found.items():
        inputs = _inputs(one)
        kinds = {"change" if name in CHANGES else "read" for name in inputs if _known(name)}
        assert kinds, f"{output} is in neither list: it is started by {inputs}"
    used = {name for one in found.values() for name in _inputs(one)}
    assert set(CHANGES) | OWN <= used, "a change that is not there any more"


def test_no_answer_of_a_change_is_kept(board: Running) -> None:
    kept = [one for one in _on_server(board).values() if getattr(one["callback"], "kept", False)]
    assert len(kept) >= 9
    assert not {name for one in kept for name in _inputs(one)} & (set(CHANGES) | OWN)


def _known(name: str) -> bool:
    return name in CHANGES or name in READS or name in OWN


@pytest.mark.parametrize("role", ["regional", "store", "viewer"])
def test_who_may_only_look_changes_nothing(board: Running, role: str) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(text("update directory.membership set role = :role"), {"role": role})
    client = board.logged_in()
    before = _counts(board)
    tried = 0
    for output, one in _on_server(board).items():
        for name in set(_inputs(one)) & set(CHANGES):
            answer = client.post(
                "/_dash-update-component", json=_body(output, one, name), headers=HERE
            )
            assert answer.status_code in {200, 204}, (output, answer.text[:200])
            told = json.dumps(answer.get_json(), ensure_ascii=False) if answer.data else ""
            assert any(refusal in told for refusal in REFUSALS), (output, told[:300])
            tried += 1
    assert tried == len(CHANGES)
    assert _counts(board) == before
    assert board.jobs.asked == []


def test_the_time_of_a_callback_is_counted_by_its_output(board: Running) -> None:
    client = board.logged_in()
    (output,) = (
        key for key, one in _on_server(board).items() if "undo-sure.n_clicks" in _inputs(one)
    )
    body = _body(output, _on_server(board)[output], "undo-sure.n_clicks")
    name = output.strip(".").split("...")[0].split("@")[0]
    before = _times(client, name)
    assert client.post("/_dash-update-component", json=body, headers=HERE).status_code in {200, 204}
    assert _times(client, name) == before + 1
    client.post("/_dash-update-component", json=body | {"output": "made-up.x"}, headers=HERE)
    assert "made-up" not in client.get("/metrics").text


def _times(client: FlaskClient, name: str) -> float:
    """Return how many answers of a callback ``/metrics`` has counted."""
    start = f'tillboard_callback_seconds_count{{callback="{name}"}} '
    lines = client.get("/metrics").text.splitlines()
    return sum(float(line.removeprefix(start)) for line in lines if line.startswith(start))


def _counts(board: Running) -> list[Any]:
    with board.warehouse.begin(Scope(1)) as connection:
        return [connection.scalar(text(f"select count(*) from {one}")) for one in TABLES]


def _body(output: str, one: dict[str, Any], pressed: str) -> dict[str, Any]:
    """Return what the browser sends when ``pressed`` is."""
    states = CHANGES[pressed]

    def value(each: dict[str, Any], asked: dict[str, Any]) -> Any:
        name = f"{each['id']}.{each['property']}"
        wild = each["id"].startswith("{")
        if name == pressed:
            found: Any = PRESSED.get(name, 1)
        else:
            found = asked.get(name, [] if wild else None)
        if not wild:
            return {"id": each["id"], "property": each["property"], "value": found}
        if name != pressed:
            return []
        ids = {
            name: 1 if part == ["ALL"] else part for name, part in json.loads(each["id"]).items()
        }
        return [{"id": ids, "property": each["property"], "value": found}]

    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]
    named = [{"id": left, "property": right} for left, _, right in outputs]
    return {
        "output": output,
        "outputs": named if output.startswith("..") else named[0],
        "inputs": [value(each, states) for each in one["inputs"]],
        "state": [value(each, states) for each in one["state"]],
        "changedPropIds": [pressed.replace('["ALL"]', "1")],
    }
