"""Answers that are kept whole: never old, never somebody else's, and none where Valkey is away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from dash import Dash, Input, Output, State, html
from dash.development.base_component import Component
from flask.testing import FlaskClient
from sqlalchemy import text

from chain.errors import PermanentError
from dashboard import guard
from dashboard.answers import kept
from dashboard.frame import Board, Here, Page
from dashboard.pages import PAGES
from runtime.embedded import Valkey
from tests.conftest import Database
from tests.integration.boards import HERE, Running, running
from warehouse import batches
from warehouse.cache import FigureCache
from warehouse.chains import NewStore
from warehouse.reads import Reads
from warehouse.session import Scope
from warehouse.storebook import set_store
from warehouse.sums import create_touched, recompute
from warehouse.tables import metadata

WITH_SUMS = {
    "payment",
    "payment_twin",
    "store_day",
    "store_day_total",
    "store_hour",
    "store_month",
    "store_month_total",
}
"""Tables that change by the thousand and end in ``recompute``, which raises the version."""
WITH_RUNS = {
    "forecast",
    "forecast_adjusted",
    "forecast_group",
    "forecast_month",
    "forecast_override_score",
    "forecast_run",
    "forecast_score",
    "forecast_store",
}
"""Tables of a forecast: what ends a run, or scores it, raises the version once."""
NOT_SHOWN = {
    "alert",
    "alert_notice",
    "alert_rule",
    "alert_snooze",
    "alert_watch",
    "audit_log",
    "bank_line",
    "budget_plan",
    "chain_version",
    "column_map",
    "delivery",
    "exception",
    "expense",
    "export",
    "export_schedule",
    "forecast_chunk",
    "match",
    "payment_history",
    "payment_sighting",
    "payout",
    "payout_line",
    "reject",
    "retention",
    "robot",
    "site_input",
    "site_market",
    "site_suggestion",
    "spend",
    "subscription",
}
"""Tables that no kept answer reads. Who makes one read them gives them a trigger first."""
_DAY = text(
    """
    insert into payment (chain_id, key, content_hash, occurred_at, batch_id, rank_at, gross, net,
        account_id, place_id, store_id, business_date, platform, kind, currency, external_id)
    values (1, gen_random_uuid(), gen_random_uuid(), now() - interval '30 hours', 1, now(), 1000,
        1000, 1, 1, :store, (now() at time zone 'Asia/Shanghai')::date - 1, 'alipay', 'sale',
        'CNY', 'x')
    """
)


class Probe:
    """A page whose callbacks count how often they really ran."""

    def __init__(self) -> None:
        self.ran = 0

    def __call__(self, app: Dash, board: Board) -> Page:
        """Register three callbacks: one that is kept, one that is not, one that raises."""

        @app.callback(
            Output("probe", "children"), Input("filters", "data"), State("probe-state", "data")
        )
        @kept
        def fill(data: Any, _state: Any) -> str:
            self.ran += 1
            here = board.here()
            return f"{data} {here.lang} {here.theme} {here.scope.store_ids} {self.ran}"

        @app.callback(Output("probe-bare", "children"), Input("filters", "data"))
        def bare(_data: Any) -> int:
            self.ran += 1
            return self.ran

        @app.callback(Output("probe-fails", "children"), Input("filters", "data"))
        @kept
        def fails(_data: Any) -> None:
            self.ran += 1
            raise PermanentError("warehouse.batch_missing", batch=7)

        return Page("probe", "/probe", _nothing)


def _nothing(_here: Here, /, **_: str) -> Component:
    return html.Div()


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture
def cache(valkey: Valkey) -> FigureCache:
    made = FigureCache(valkey.cache_url, b"k" * 32)
    made._client.flushdb()
    return made


@contextmanager
def _opened(
    database: Database, path: Path, pages: Any, cache: FigureCache | None
) -> Iterator[Running]:
    with running(database, path, pages, cache=cache) as board:
        board.client().get("/healthz")
        yield board


@pytest.fixture
def board(
    database: Database, tmp_path: Path, probe: Probe, cache: FigureCache
) -> Iterator[Running]:
    with _opened(database, tmp_path, [*PAGES, probe], cache) as opened:
        yield opened


def _ask(board: Running, client: FlaskClient, output: str, *values: Any, **headers: str) -> Any:
    """Return the answer of the callback whose first output is ``output``."""
    (key,) = (one for one in board.app.callback_map if one.strip(".").startswith(f"{output}."))
    known = board.app.callback_map[key]
    given = dict(enumerate(values))
    named = [part.split("@")[0].rpartition(".") for part in key.strip(".").split("...")]
    outputs = [{"id": left, "property": right} for left, _, right in named]
    inputs = [{**one, "value": given.get(at)} for at, one in enumerate(known["inputs"])]
    body = {
        "output": key,
        "outputs": outputs if key.startswith("..") else outputs[0],
        "inputs": inputs,
        "state": [
            {**one, "value": given.get(at)} for at, one in enumerate(known["state"], len(inputs))
        ],
        "changedPropIds": [f"{inputs[0]['id']}.{inputs[0]['property']}"],
    }
    return client.post("/_dash-update-component", json=body, headers=HERE | headers)


def _probed(board: Running, client: FlaskClient, *values: Any) -> str:
    answer = _ask(board, client, "probe", *values)
    assert answer.status_code == 200
    return str(answer.get_json()["response"]["probe"]["children"])


def test_the_same_question_is_drawn_once_and_another_anew(board: Running, probe: Probe) -> None:
    client = board.logged_in()
    first = _probed(board, client, {"period": "last7"})
    assert _probed(board, client, {"period": "last7"}) == first
    assert probe.ran == 1
    assert _probed(board, client, {"period": "last28"}) != first
    assert _probed(board, client, {"period": "last7"}, "another state") != first
    assert probe.ran == 3


def test_language_theme_and_width_have_answers_of_their_own(
    board: Running, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = board.logged_in()
    asked = [_probed(board, client, {})]
    for cookie in ("tillboard_theme=dark", "tillboard_narrow=1"):
        name, _, value = cookie.partition("=")
        client.set_cookie(name, value)
        asked.append(_probed(board, client, {}))
    client.post("/language", data={"lang": "zh"}, headers=HERE)
    asked.append(_probed(board, client, {}))
    assert len(set(asked)) == probe.ran == 4
    assert " zh dark " in asked[-1]


def test_two_scopes_never_share_an_answer(
    board: Running, probe: Probe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)
    client = board.logged_in()
    said = [_probed(board, client, {})]
    for change in ("store_ids = '{5}'", "store_ids = '{5,6}'", "role = 'regional'"):
        with board.warehouse.directory() as connection:
            connection.execute(text(f"update directory.membership set {change}"))
        said.append(_probed(board, client, {}))
    assert len(set(said)) == probe.ran == 4


def test_an_answer_differs_by_what_the_browser_unpacks(board: Running) -> None:
    client = board.logged_in()
    packed = _ask(board, client, "imports-sentence", **{"Accept-Encoding": "gzip"})
    again = _ask(board, client, "imports-sentence", **{"Accept-Encoding": "gzip"})
    plain = _ask(board, client, "imports-sentence")
    assert packed.headers["Content-Encoding"] == again.headers["Content-Encoding"] == "gzip"
    assert packed.data == again.data
    assert "Content-Encoding" not in plain.headers
    assert plain.get_json()["response"]["imports-sentence"]
    assert again.headers["Content-Security-Policy"] == plain.headers["Content-Security-Policy"]


def test_what_is_not_declared_or_fails_is_not_kept(board: Running, probe: Probe) -> None:
    client = board.logged_in()
    for output in ("probe-bare", "probe-fails"):
        probe.ran = 0
        answers = [_ask(board, client, output, {}) for _ in range(2)]
        assert probe.ran == 2, output
    assert "sideUpdate" in answers[-1].get_json()


def test_a_kept_answer_is_for_those_who_are_logged_in(
    board: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)
    client = board.logged_in()
    said = _probed(board, client, {})
    assert _probed(board, client, {}) == said
    assert _ask(board, board.client(), "probe", {}).status_code == 401
    with board.warehouse.directory() as connection:
        connection.execute(text("delete from directory.session"))
    assert _ask(board, client, "probe", {}).status_code == 401


@pytest.mark.parametrize("url", ["unix:///nowhere.sock", "redis://127.0.0.1:1/0"])
def test_without_valkey_every_answer_is_computed(
    database: Database, tmp_path: Path, probe: Probe, url: str
) -> None:
    away = FigureCache(url, b"k" * 32)
    with _opened(database, tmp_path, [*PAGES, probe], away) as board:
        client = board.logged_in()
        said = {_probed(board, client, {}) for _ in range(3)}
        assert len(said) == probe.ran == 3
        assert _ask(board, client, "overview-head").status_code == 200


def test_what_somebody_else_put_into_valkey_is_not_shown(
    board: Running, probe: Probe, cache: FigureCache
) -> None:
    client = board.logged_in()
    _probed(board, client, {})
    for key in cache._client.keys("tillboard:figures:*"):
        cache._client.set(key, b"x" * 200)
    _probed(board, client, {})
    assert probe.ran == 2


def _sentence(board: Running, client: FlaskClient) -> str:
    return str(_ask(board, client, "imports-sentence", 0, 0, 1, True).get_json())


def test_a_batch_is_seen_at_once_at_every_step(board: Running) -> None:
    """Received, progress, failure: each is on the next answer, of both pages that tell of it."""
    client = board.logged_in()
    before = _sentence(board, client), _head(board, client)
    with board.warehouse.begin(Scope(1)) as connection:
        batch = batches.receive(
            connection, 1, sha256=b"x" * 32, file_name="alipay.csv", size_bytes=9
        )
    received = _sentence(board, client)
    assert "alipay.csv" not in before[0]
    assert "alipay.csv" in received
    with board.warehouse.begin(Scope(1)) as connection:
        batches.progress(connection, 1, batch.batch_id, bytes_read=5, rows=1234)
    assert "1,234" in _sentence(board, client)
    with board.warehouse.begin(Scope(1)) as connection:
        batches.fail(connection, 1, batch.batch_id, "failed", PermanentError("etl.unknown_layout"))
    failed = _sentence(board, client), _head(board, client)
    assert "badge-failed" in failed[0]
    assert "/imports" in failed[1]
    assert "/imports" not in before[1]


def _head(board: Running, client: FlaskClient) -> str:
    answer = _ask(board, client, "overview-head", True).get_json()
    return str(answer["response"]["overview-attention"])


def test_a_new_name_of_a_store_and_new_money_are_on_the_next_ranking(board: Running) -> None:
    client = board.logged_in()
    new = NewStore("A1", "静安寺店", "Asia/Shanghai")
    with board.warehouse.begin(Scope(1)) as connection:
        store = set_store(connection, 1, new, ("name",))
    _pay(board, store)

    def table() -> str:
        return str(_ask(board, client, "stores-sentence", {"period": "last7"}).get_json())

    first = table()
    assert "静安寺店" in first
    with board.warehouse.begin(Scope(1)) as connection:
        set_store(connection, 1, NewStore("A1", "外滩店", "Asia/Shanghai"), ("name",))
    renamed = table()
    assert "外滩店" in renamed
    assert "静安寺店" not in renamed
    _pay(board, store)
    assert table() != renamed


def _pay(board: Running, store: int) -> None:
    with board.warehouse.begin(Scope(1)) as connection:
        connection.execute(_DAY, {"store": store})
        create_touched(connection)
        connection.execute(
            text("insert into touched select distinct business_date, store_id from payment")
        )
        recompute(connection, 1)


def _triggered(board: Running) -> set[str]:
    with board.warehouse.begin(Scope(1)) as connection:
        return set(
            connection.scalars(
                text("select tgrelid::regclass::text from pg_trigger where tgname = 'version'")
            )
        )


def test_every_table_raises_the_version_or_is_in_no_kept_answer(board: Running) -> None:
    tenant = {table.name for table in metadata.tables.values() if table.info.get("tenant", True)}
    triggered = _triggered(board)
    assert triggered | WITH_SUMS | WITH_RUNS | NOT_SHOWN == tenant
    assert not triggered & (WITH_SUMS | WITH_RUNS | NOT_SHOWN)


CHANGES = {
    "chain": ("update chain set currency = 'HKD'",),
    "region": ("insert into region (chain_id, name) values (1, 'r')", "delete from region"),
    "store": (
        "insert into store (chain_id, code, name, time_zone) values (1, 'A', 'a', 'UTC')",
        "update store set name = 'b'",
    ),
    "account": ("insert into account (chain_id, platform, ref) values (1, 'alipay', 'a')",),
    "place": (
        "insert into place (chain_id, account_id, store_ref, batch_id) values (1, 1, 's', 1)",
    ),
    "store_binding": (
        (
            "insert into store_binding (chain_id, account_id, ref_kind, ref, store_id, from_at)"
            " values (1, 1, 'account', '', 1, now())"
        ),
        "delete from store_binding",
    ),
    "campaign": (
        (
            "insert into campaign (chain_id, name, starts_on, ends_on)"
            " values (1, 'c', '2026-01-01', '2026-02-01')"
        ),
        "update campaign set name = 'd'",
        "delete from campaign",
    ),
    "fx_rate": (
        (
            "insert into fx_rate (chain_id, currency, from_date, rate)"
            " values (1, 'USD', '2026-01-01', 7)"
        ),
        "update fx_rate set rate = 8",
    ),
    "vat_rate": (
        (
            "insert into vat_rate (chain_id, store_id, from_date, rate)"
            " values (1, 0, '2026-01-01', 0.06)"
        ),
        "update vat_rate set rate = 0.13",
        "delete from vat_rate",
    ),
    "store_terms": (
        (
            "insert into store_terms (chain_id, store_id, from_date, ownership)"
            " values (1, 1, '2026-01-01', 'owned')"
        ),
        "update store_terms set ownership = 'franchised'",
        "delete from store_terms",
    ),
    "target": (
        (
            "insert into target (chain_id, month, store_id, amount, currency)"
            " values (1, '2026-01-01', 0, 5, 'CNY')"
        ),
        "delete from target",
    ),
    "calendar_day": (
        (
            "insert into calendar_day (chain_id, day, kind, name)"
            " values (1, '2026-01-01', 'event', 'fair')"
        ),
        "delete from calendar_day",
    ),
    "day_note": (
        (
            "insert into day_note (chain_id, starts_on, ends_on, note)"
            " values (1, '2026-01-01', '2026-01-02', 'road works')"
        ),
        "update day_note set note = 'no road works'",
        "delete from day_note",
    ),
    "forecast_override": (
        (
            "insert into forecast_override (chain_id, run_id, level, unit_id, store_ids,"
            " starts_on, ends_on, factor, reason)"
            " values (1, 1, 'chain', 0, '{}', '2026-01-01', '2026-01-02', 1.1, 'fair')"
        ),
        "update forecast_override set revoked_at = now()",
    ),
    "import_batch": (
        (
            "insert into import_batch (chain_id, file_name, sha256, size_bytes)"
            " values (1, 'f', '\\x00', 1)"
        ),
        "update import_batch set state = 'failed'",
    ),
}
"""How each table with a trigger is changed; one after the other, on a chain that is empty."""


def test_each_change_raises_the_version_when_it_is_committed(board: Running) -> None:
    assert set(CHANGES) == _triggered(board)
    version: Callable[[], str] = lambda: Reads(board.warehouse, Scope(1)).version()  # noqa: E731
    seen = [version()]
    for statements in CHANGES.values():
        for statement in statements:
            with board.warehouse.begin(Scope(1)) as connection:
                assert connection.execute(text(statement)).rowcount, statement
                assert version() == seen[-1], "what is not committed is not there yet"
            seen.append(version())
            assert seen[-1] not in seen[:-1], statement


def test_another_chain_keeps_its_version(board: Running) -> None:
    with board.warehouse.begin(Scope(2)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone)"
                " overriding system value values (2, 'Other', 'CNY', 'Asia/Shanghai')"
            )
        )
    before = Reads(board.warehouse, Scope(2)).version()
    with board.warehouse.begin(Scope(1)) as connection:
        connection.execute(text("update chain set name = 'Tea and more'"))
    assert Reads(board.warehouse, Scope(2)).version() == before
