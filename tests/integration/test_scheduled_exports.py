"""Exports that are due by a schedule: made once a date, mailed once as a link, each their own."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import text

from chain.days import Period
from chain.errors import PermanentError
from chain.settings import Settings
from dashboard import guard
from dashboard.choice import Choice
from dashboard.pages import PAGES
from reports.export_links import path
from tests.conftest import Database
from tests.integration.boards import EMAIL, HERE, Running, running
from tests.integration.test_reads import _fill
from tests.postbox import Postbox, postbox
from warehouse import export_schedules, exports
from warehouse.export_schedules import MAIL_LOST, Saved
from warehouse.reads import Reads
from warehouse.session import Scope
from workers.exports import Exports
from workers.scheduled_exports import ScheduledExports, filters

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 3, 16, 8, 0, tzinfo=ZONE).astimezone(UTC)
WEEKLY = Saved(0, 1, "ranking.csv", {"metric": "net_sales"}, "whole", "weekly", time(8), 0)


@pytest.fixture
def box() -> Iterator[Postbox]:
    with postbox() as opened:
        yield opened


@pytest.fixture
def board(
    database: Database, tmp_path: Path, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)
    settings = Settings(
        data=tmp_path, smtp_host="localhost", smtp_port=box.port, smtp_security="none",
        mail_from="board@example.com", secret_key="k" * 40,
    )  # fmt: skip
    with running(database, tmp_path, PAGES, settings=settings) as opened:
        with opened.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from chain"))
            _fill(connection)
        opened.client().get("/healthz")
        yield opened


def _keep(board: Running, saved: Saved = WEEKLY) -> int:
    scope = Scope(1, saved.user_id)
    with board.warehouse.begin(scope) as connection:
        number = export_schedules.save(connection, scope, saved)
        connection.execute(text("update export_schedule set since = '2026-01-01'"))
    return number


def _plan(board: Running, now: datetime = MONDAY) -> list[int]:
    """Ask for what is due and make it, as the workers do; return the exports."""
    taken: list[int] = []
    work = Exports(board.warehouse, board.settings)
    ScheduledExports(board.warehouse, board.settings).plan(
        now, lambda _chain, export: taken.append(export)
    )
    for export in taken:
        for chunk in work.start(1, export):
            work.make(1, export, chunk)
    return taken


def _tell(board: Running, now: datetime = MONDAY) -> None:
    ScheduledExports(board.warehouse, board.settings).tell(now)


def _job(board: Running, export: int) -> exports.ExportJob:
    with board.warehouse.begin(Scope(1)) as connection:
        return exports.get(connection, 1, export)


def _be(board: Running, role: str, stores: list[int] | None = None) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(
            text("update directory.membership set role = :role, store_ids = :stores"),
            {"role": role, "stores": stores},
        )


@pytest.mark.parametrize(
    ("span", "rhythm", "days"),
    [
        ("whole", "daily", Period(date(2026, 2, 28), date(2026, 2, 28))),
        ("whole", "weekly", Period(date(2026, 2, 16), date(2026, 2, 22))),
        ("whole", "monthly", Period(date(2026, 2, 1), date(2026, 2, 28))),
        ("last7", "daily", Period(date(2026, 2, 22), date(2026, 2, 28))),
        ("month", "daily", Period(date(2026, 2, 1), date(2026, 2, 28))),
        ("year", "monthly", Period(date(2026, 1, 1), date(2026, 2, 28))),
    ],
)
def test_its_days_follow_from_the_date_it_is_due(span: str, rhythm: Any, days: Period) -> None:
    saved = replace(WEEKLY, span=span, rhythm=rhythm)
    assert saved.period(date(2026, 3, 1)) == days


def test_it_is_made_once_though_beat_runs_twice(board: Running) -> None:
    _keep(board)
    assert _plan(board, MONDAY - timedelta(minutes=1)) == []
    (export,) = _plan(board)
    for later in (0, 1, 60 * 24):
        assert _plan(board, MONDAY + timedelta(minutes=later)) == []
    job = _job(board, export)
    assert (job.state, job.query["period"]) == ("done", ["2026-03-09", "2026-03-15"])
    (after,) = _plan(board, MONDAY + timedelta(days=7))
    assert _job(board, after).query["period"] == ["2026-03-16", "2026-03-22"]


def test_its_mail_is_one_link_that_works_for_who_logs_in(board: Running, box: Postbox) -> None:
    _keep(board)
    (export,) = _plan(board)
    for _ in range(3):
        _tell(board)
    (mail,) = box.mails
    assert mail["To"] == EMAIL
    assert "ranking 2026-03-09–2026-03-15.csv" in mail["Subject"]
    assert not list(mail.iter_attachments()), "the data itself is never mailed"
    body = mail.get_body(("plain",))
    assert body is not None
    found = re.search(r"/export/file/[\w.-]+", str(body.get_content()))
    assert found
    first = board.client().get(found[0], headers={"Accept": "text/html"})
    assert (first.status_code, first.headers["Location"][:12]) == (302, "/login?next=")
    answer = board.logged_in().get(found[0])
    assert answer.status_code == 200
    assert len(answer.data) == _job(board, export).size_bytes
    rows = pl.read_csv(answer.data, comment_prefix="#")
    assert len(rows) > 0


@pytest.mark.parametrize("what", ["days.xlsx", "payments.parquet", "payments.csv", "reports"])
def test_any_export_can_be_made_regularly(board: Running, what: str) -> None:
    _keep(board, replace(WEEKLY, what=what))
    (export,) = _plan(board)
    job = _job(board, export)
    assert (job.state, job.size_bytes > 100) == ("done", True), job.error_key


def test_data_that_is_not_in_yet_is_said_to_be_missing(board: Running, box: Postbox) -> None:
    _keep(board)
    now = MONDAY + timedelta(weeks=30)
    _plan(board, now)
    _tell(board, now)
    body = box.mails[0].get_body(("plain",))
    assert body is not None
    assert "It is not complete: figures only go up to" in str(body.get_content())


def test_a_failure_is_told_as_one(board: Running, box: Postbox) -> None:
    _keep(board, replace(WEEKLY, what="reports", choice={"regions": [999]}))
    (export,) = _plan(board)
    assert _job(board, export).state == "failed"
    _tell(board)
    (mail,) = box.mails
    assert "could not be made" in mail["Subject"]
    body = mail.get_body(("plain",))
    assert body is not None
    assert "/export/file/" not in str(body.get_content())


def test_it_is_made_in_the_scope_its_owner_has_then(board: Running) -> None:
    _keep(board)
    _be(board, "store", [1])
    (export,) = _plan(board)
    assert _job(board, export).scope.store_ids == (1,)
    _be(board, "viewer")
    assert _plan(board, MONDAY + timedelta(days=7)) == []
    with board.warehouse.directory() as connection:
        connection.execute(text("delete from directory.membership"))
    assert _plan(board, MONDAY + timedelta(days=14)) == []


def test_what_is_paused_is_not_made_and_goes_on_from_then(board: Running) -> None:
    number = _keep(board)
    with board.warehouse.begin(Scope(1, 1)) as connection:
        export_schedules.pause(connection, 1, number, paused=True)
    assert _plan(board) == []
    with board.warehouse.begin(Scope(1, 1)) as connection:
        export_schedules.pause(connection, 1, number, paused=False)
    # What was due while it rested, or before it was made, is not made up for.
    assert _plan(board) == []


def test_what_nobody_made_for_days_is_no_news(board: Running) -> None:
    _keep(board)
    assert _plan(board, MONDAY + timedelta(days=3)) == []


def test_a_mail_that_a_dead_worker_claimed_goes_again_as_the_same(
    board: Running, box: Postbox
) -> None:
    _keep(board)
    _plan(board)
    with board.warehouse.begin(Scope(1)) as connection:
        (claimed,) = export_schedules.claim_mails(connection, 1, MONDAY)
    _tell(board)
    assert box.mails == []
    _tell(board, MONDAY + MAIL_LOST + timedelta(seconds=1))
    (mail,) = box.mails
    assert mail["Message-ID"] == f"<export-1-{claimed.export_id}@example.com>"


def test_a_server_that_asks_to_wait_is_asked_again(board: Running, box: Postbox) -> None:
    _keep(board)
    _plan(board)
    box.answers[EMAIL] = "451 later"
    _tell(board)
    box.answers.clear()
    _tell(board)
    assert len(box.mails) == 1


def test_schedules_are_of_one_person(board: Running) -> None:
    number = _keep(board)
    for user, seen in ((1, 1), (2, 0)):
        with board.warehouse.begin(Scope(1, user)) as connection:
            assert len(export_schedules.of_chain(connection, 1)) == seen
    with (
        pytest.raises(Exception, match="no longer there"),
        board.warehouse.begin(Scope(1, 2)) as connection,
    ):
        export_schedules.remove(connection, 1, number)


def _call(board: Running, start: str, **values: Any) -> str:
    """Return what the page answers when ``start`` is pressed."""
    wild = start.startswith("{")
    name = '{"number":["ALL"],"type":"schedules-do","what":["ALL"]}' if wild else start
    (output,) = (
        key
        for key, one in board.app.callback_map.items()
        if name in [each["id"] for each in one["inputs"]]
    )
    one = board.app.callback_map[output]
    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]

    def value(each: dict[str, Any]) -> Any:
        if each["id"] == name and wild:
            number = int(re.findall(r'"number":(\d+)', start)[0])
            what = re.findall(r'"what":"(\w+)"', start)[0]
            given = {"number": number, "type": "schedules-do", "what": what}
            return [{"id": given, "property": "n_clicks", "value": 1}]
        known = values.get(each["id"].removeprefix("schedules-"))
        return {**each, "value": 1 if each["id"] == name else known}

    body = {
        "output": output,
        "outputs": [{"id": left, "property": right} for left, _, right in outputs],
        "inputs": [value(each) for each in one["inputs"]],
        "state": [value(each) for each in one["state"]],
        "changedPropIds": [f"{start}.n_clicks"],
    }
    answer = board.logged_in().post("/_dash-update-component", json=body, headers=HERE)
    assert answer.status_code == 200, answer.text[:300]
    assert "Something failed on our side" not in answer.text, answer.text[:500]
    return answer.text


FORM = {
    "what": "days", "kind": "xlsx", "metric": "orders", "span": "whole", "rhythm": "monthly",
    "weekday": "0", "month_day": 2, "at": "07:30", "regions": [], "cities": [], "ownership": [],
    "stores": [], "platforms": [], "channels": [],
}  # fmt: skip


def _list(board: Running) -> str:
    client = board.logged_in()
    body = {
        "output": "schedules-list.children",
        "outputs": {"id": "schedules-list", "property": "children"},
        "inputs": [{"id": "schedules-changed", "property": "data", "value": 1}],
        "state": [],
        "changedPropIds": ["schedules-changed.data"],
    }
    return client.post("/_dash-update-component", json=body, headers=HERE).text


def test_a_schedule_is_made_paused_and_removed_on_the_page(board: Running) -> None:
    assert "is saved" in _call(board, "schedules-save", **FORM)
    said = "On day 2 of each month at 07:30: Orders by day (Excel), the month before"
    assert said in _list(board)
    with board.warehouse.begin(Scope(1)) as connection:
        (saved,) = export_schedules.of_chain(connection, 1)
    do = f'{{"number":{saved.schedule_id},"type":"schedules-do","what":"%s"}}'
    _call(board, do % "pause")
    assert "paused" in _list(board)
    _call(board, do % "go_on")
    assert "is removed" in _call(board, do % "remove")
    assert "Nothing is made regularly yet" in _list(board)


def _stored(board: Running) -> Saved:
    with board.warehouse.begin(Scope(1)) as connection:
        (saved,) = export_schedules.of_chain(connection, 1)
    return saved


def _do(what: str, saved: Saved) -> str:
    return f'{{"number":{saved.schedule_id},"type":"schedules-do","what":"{what}"}}'


PART = {"cities": "city", "ownership": "ownership", "platforms": "platform", "channels": "channel"}
LAST_WEEK = Period(date(2026, 3, 9), date(2026, 3, 15))


def _gross(file: bytes) -> list[float]:
    rows = pl.read_csv(file, comment_prefix="#")
    name = next(name for name in rows.columns if name.startswith("Gross sales"))
    return [float(each) for each in rows[name]]


NARROW = {
    "cities": ["成都"], "ownership": ["owned"], "platforms": ["alipay", "wechat"],
    "channels": ["unknown", "delivery"],
}  # fmt: skip


def test_city_platform_and_channel_narrow_the_file_as_they_do_on_the_board(
    board: Running,
) -> None:
    _call(board, "schedules-save", **(FORM | NARROW))
    said = json.dumps(json.loads(_list(board)), ensure_ascii=False)
    for word in ("成都", "Owned", "Alipay", "WeChat"):
        assert word in said
    saved = _stored(board)
    made = filters(saved, LAST_WEEK)
    on_board = Choice.of(
        {
            **{PART[name]: values for name, values in NARROW.items()},
            "metric": "orders",
            "period": f"{LAST_WEEK.start}..{LAST_WEEK.end}",
        }
    )
    reads = Reads(board.warehouse, Scope(1))
    assert made == on_board.filters(reads.chain())
    # The file itself: with one platform it holds less than with all.
    whole, part = (
        _keep(board, replace(WEEKLY, choice={"metric": "gross_sales", **more}))
        for more in ({}, {"platforms": ["alipay"]})
    )
    exports_of = dict(zip((whole, part), _plan(board)[-2:], strict=True))
    sums = {
        number: sum(_gross(board.logged_in().get(path("k" * 40, 1, 1, export)).data))
        for number, export in exports_of.items()
    }
    assert 0 < sums[part] < sums[whole]


def test_a_schedule_is_changed_in_the_form_that_made_it(board: Running) -> None:
    _call(board, "schedules-save", **(FORM | NARROW))
    before = _stored(board)
    form = _call(board, _do("change", before))
    for value in ('"value":"07:30"', '"value":["成都"]', '"value":["unknown","delivery"]'):
        assert value in form.replace(": ", ":").replace(", ", ",").encode().decode("unicode_escape")
    changed = FORM | {"at": "09:15", "rhythm": "daily", "cities": [], "which": before.schedule_id}
    _call(board, _do("pause", before))
    assert "is saved" in _call(board, "schedules-save", **changed)
    after = _stored(board)
    assert (after.schedule_id, after.at, after.rhythm) == (before.schedule_id, time(9, 15), "daily")
    assert after.choice["cities"] == []
    assert after.paused, "a change of what it holds does not wake it"
    assert "Every day at 09:15" in _list(board)
    assert "not whole yet" in _call(board, "schedules-save", **(changed | {"at": "x"}))
    assert _stored(board) == after


def test_a_change_does_not_make_anew_what_was_due_before(board: Running) -> None:
    number = _keep(board)
    (export,) = _plan(board)
    with board.warehouse.begin(Scope(1, 1)) as connection:
        saved = export_schedules.get(connection, 1, number)
        export_schedules.save(connection, Scope(1, 1), replace(saved, at=time(7)))
    assert _plan(board, MONDAY + timedelta(minutes=5)) == []
    assert _job(board, export).state == "done"


def test_what_somebody_else_made_is_neither_shown_nor_changed(board: Running) -> None:
    number = _keep(board)
    other = Scope(1, 2)
    for try_it in (
        lambda connection: export_schedules.get(connection, 1, number),
        lambda connection: export_schedules.save(
            connection, other, replace(WEEKLY, schedule_id=number)
        ),
    ):
        with (
            pytest.raises(PermanentError, match="no longer there"),
            board.warehouse.begin(other) as connection,
        ):
            try_it(connection)


def test_a_place_that_is_gone_stays_in_the_schedule_rather_than_let_all_through(
    board: Running,
) -> None:
    _call(board, "schedules-save", **(FORM | {"cities": ["Atlantis"], "stores": ["999"]}))
    saved = _stored(board)
    assert (saved.choice["cities"], saved.choice["stores"]) == (["Atlantis"], [999])
    assert "Atlantis" in _call(board, _do("change", saved))


@pytest.mark.parametrize(
    "wrong",
    [{"what": "secrets"}, {"kind": "exe"}, {"span": "ever"}, {"rhythm": "hourly"}, {"at": "8"},
     {"weekday": "7"}, {"month_day": 31}, {"ownership": ["rented"]}, {"stores": ["x"]},
     {"cities": [""]}, {"cities": ["x" * 201]}],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(board: Running, wrong: dict[str, Any]) -> None:
    assert "not whole yet" in _call(board, "schedules-save", **(FORM | wrong))
    assert "Nothing is made regularly yet" in _list(board)


def test_a_viewer_schedules_nothing(board: Running) -> None:
    assert "is saved" in _call(board, "schedules-save", **FORM)
    _be(board, "viewer")
    refusal = "Your role may look but not export"
    assert refusal in _call(board, "schedules-save", **FORM)
    assert refusal in _call(board, '{"number":0,"type":"schedules-do","what":"make"}')
    assert refusal in _list(board)
    with board.warehouse.begin(Scope(1)) as connection:
        assert len(export_schedules.of_chain(connection, 1)) == 1
