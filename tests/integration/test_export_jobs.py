"""Reports of all stores in one zip: made in parts, by whoever; fetched by who asked for it."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from chain.errors import PermanentError
from chain.settings import Settings
from dashboard import guard
from dashboard.pages import PAGES
from reports.export_links import signer
from reports.paper import Paper
from tests.conftest import Database
from tests.integration.boards import HERE, Running, running
from tests.integration.test_reads import _fill
from tests.papers import pages_of
from warehouse import exports
from warehouse.session import Scope
from workers import exports as jobs
from workers.exports import Exports

CHOICE = {"period": "2026-03-01..2026-03-20", "metric": "net_sales"}
KEY = "k" * 40


@pytest.fixture
def board(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(guard, "PERSON_SECONDS", 0.0)  # a role that changes counts at once
    monkeypatch.setattr(jobs, "CHUNK_STORES", 2)
    with running(database, tmp_path, PAGES) as opened:
        with opened.warehouse.begin(Scope(1)) as connection:
            connection.execute(text("delete from chain"))
            _fill(connection)
        yield opened


@pytest.fixture
def work(board: Running) -> Exports:
    return Exports(board.warehouse, board.settings)


def _ask(board: Running, what: str = "reports", **more: str) -> int:
    answer = board.logged_in().post(
        "/export/start", data={"what": what, **CHOICE, **more}, headers=HERE
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/exports")
    kind, chain, export = board.jobs.asked[-1]
    assert (kind, chain) == ("export", 1)
    return export


def _make(work: Exports, export: int) -> None:
    for chunk in work.start(1, export):
        work.make(1, export, chunk)


def _job(board: Running, export: int) -> exports.ExportJob:
    with board.warehouse.begin(Scope(1)) as connection:
        return exports.get(connection, 1, export)


def _shown(client: FlaskClient) -> str:
    """Return what the page of exports tells, as the browser asks for it."""
    output = "..exports-list.children...exports-tick.disabled.."
    body = {
        "output": output,
        "outputs": [
            {"id": "exports-list", "property": "children"},
            {"id": "exports-tick", "property": "disabled"},
        ],
        "inputs": [{"id": "exports-tick", "property": "n_intervals", "value": 1}],
        "state": [],
        "changedPropIds": ["exports-tick.n_intervals"],
    }
    answer = client.post("/_dash-update-component", json=body, headers=HERE)
    return answer.text.replace("\\u002f", "/")


def _link(client: FlaskClient) -> str:
    found = re.search(r"/export/file/[\w.-]+", _shown(client))
    assert found
    return found[0]


def _be(board: Running, role: str, stores: list[int] | None = None) -> None:
    with board.warehouse.directory() as connection:
        connection.execute(
            text("update directory.membership set role = :role, store_ids = :stores"),
            {"role": role, "stores": stores},
        )


def test_the_zip_holds_a_report_of_every_store_and_the_ranking(
    board: Running, work: Exports
) -> None:
    export = _ask(board)
    _make(work, export)
    client = board.logged_in()
    answer = client.get(_link(client))
    assert answer.headers["Content-Type"] == "application/zip"
    assert len(answer.data) == answer.content_length == _job(board, export).size_bytes
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = sorted(archive.namelist())
        assert [name.split()[0] for name in names if name.endswith(".pdf")] == [
            "S1", "S2", "S3", "S4",
        ]  # fmt: skip
        (book,) = (name for name in names if name.endswith(".xlsx"))
        assert archive.read(book)[:2] == b"PK"
        for name in names:
            if name.endswith(".pdf"):
                assert f"店{name[1]}" in pages_of(archive.read(name))[0]


def test_progress_is_seen_while_it_is_made(board: Running, work: Exports) -> None:
    export = _ask(board)
    client = board.logged_in()
    assert '"disabled":false' in _shown(client)
    first, _ = work.start(1, export)
    work.make(1, export, first)
    assert (_job(board, export).done, _job(board, export).total) == (2, 4)
    assert "2 of 4" in _shown(client)


def test_a_job_that_was_killed_goes_on_with_what_is_missing(board: Running, work: Exports) -> None:
    export = _ask(board)
    first, second = work.start(1, export)
    work.make(1, export, first)
    parts = board.settings.exports / f"1-{export}.parts"
    made = {path: path.stat().st_mtime_ns for path in parts.glob("*.pdf")}
    (parts / ".3.pdf.123").write_bytes(b"half of a report")
    assert list(work.start(1, export)) == [first, second]
    work.make(1, export, first)
    assert {path: path.stat().st_mtime_ns for path in parts.glob("*.pdf")} == made
    work.make(1, export, second)
    assert _job(board, export).state == "done"
    assert not parts.exists()
    # A message that comes twice changes nothing.
    work.make(1, export, second)
    assert list(work.start(1, export)) == []
    assert _job(board, export).state == "done"


def test_an_export_that_stands_still_is_taken_up_and_old_files_go(
    board: Running, work: Exports
) -> None:
    export = _ask(board)
    taken: list[tuple[int, int]] = []
    work.sweep(lambda chain, found: taken.append((chain, found)))
    assert taken == []
    _age(board, "updated_at", timedelta(minutes=-6))
    work.sweep(lambda chain, found: taken.append((chain, found)))
    assert taken == [(1, export)]
    _make(work, export)
    client = board.logged_in()
    link = _link(client)
    work.sweep(lambda *_: None)
    assert client.get(link).status_code == 200
    _age(board, "expires_at", timedelta(hours=-25))
    work.sweep(lambda *_: None)
    gone = client.get(link)
    assert gone.status_code == 400
    assert "kept for 24 hours and has been removed" in gone.get_json()["error"]
    assert list(board.settings.exports.iterdir()) == []
    assert "/export/file/" not in _shown(client)


def _age(board: Running, column: str, by: timedelta) -> None:
    with board.warehouse.begin(Scope(1)) as connection:
        connection.execute(text(f"update export set {column} = {column} + :by"), {"by": by})


def test_a_link_is_of_one_person_and_cannot_be_made_up(board: Running, work: Exports) -> None:
    export = _ask(board)
    _make(work, export)
    client = board.logged_in()
    link = _link(client)
    assert board.client().get(link).status_code == 401
    mine = int(_job(board, export).scope.user_id or 0)
    for ids, sentence in (
        ([1, mine + 1, export], "it is not yours"),
        ([2, mine, export], "it is not yours"),
        ([1, mine, export + 1], "no such file"),
        ("x", "no such file"),
    ):
        told = client.get(f"/export/file/{signer(KEY).dumps(ids)}").get_json()["error"]
        assert sentence in told
    other = signer("other" * 9).dumps([1, mine, export])
    for forged in (link[:-2] + "xx", f"/export/file/{other}"):
        assert "no such file" in client.get(forged).get_json()["error"]


def test_who_may_see_less_by_now_does_not_get_the_file(board: Running, work: Exports) -> None:
    export = _ask(board)
    _make(work, export)
    client = board.logged_in()
    link = _link(client)
    _be(board, "store", [2])
    assert "it is not yours" in client.get(link).get_json()["error"]
    _be(board, "viewer")
    assert "may look but not export" in client.get(link).get_json()["error"]
    refused = client.post("/export/start", data={"what": "reports", **CHOICE}, headers=HERE)
    assert "may look but not export" in refused.get_json()["error"]
    _be(board, "owner")
    assert client.get(link).status_code == 200


def test_a_store_manager_gets_that_store_alone(board: Running, work: Exports) -> None:
    _be(board, "store", [2])
    export = _ask(board)
    _make(work, export)
    assert _job(board, export).parts == (2,)
    client = board.logged_in()
    with zipfile.ZipFile(io.BytesIO(client.get(_link(client)).data)) as archive:
        assert [name[:2] for name in archive.namelist() if name.endswith(".pdf")] == ["S2"]


def test_another_person_does_not_see_it(board: Running, work: Exports) -> None:
    export = _ask(board)
    mine = _job(board, export).scope.user_id or 0
    with board.warehouse.begin(Scope(1, user_id=mine + 1)) as connection:
        assert exports.of_person(connection, 1, mine) == []
        with pytest.raises(PermanentError):
            exports.get(connection, 1, export)
    with board.warehouse.begin(Scope(2)) as connection, pytest.raises(PermanentError):
        exports.get(connection, 1, export)


def test_a_choice_that_fits_no_store_says_so(board: Running, work: Exports) -> None:
    export = _ask(board, city="Nowhere")
    _make(work, export)
    assert _job(board, export).state == "failed"
    assert "No store fits what is chosen" in _shown(board.logged_in())


def test_what_breaks_is_told_and_never_a_file(
    board: Running, work: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no ink")

    export = _ask(board)
    monkeypatch.setattr(Paper, "pdf", broken)
    (first, *_) = work.start(1, export)
    with pytest.raises(RuntimeError):
        work.make(1, export, first)
    assert _job(board, export).error_key == "reports.broken"
    assert "nobody foresaw" in _shown(board.logged_in())


def test_a_long_table_is_made_by_a_job(board: Running, work: Exports) -> None:
    export = _ask(board, "payments.parquet")
    _make(work, export)
    client = board.logged_in()
    frame = pl.read_parquet(client.get(_link(client)).data)
    direct = client.get("/export/payments.parquet", query_string=CHOICE)
    assert frame.equals(pl.read_parquet(direct.data))


def test_a_table_that_would_keep_a_page_waiting_is_left_to_a_job(
    board: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.exporting.AT_ONCE", 10)
    client = board.logged_in()
    told = client.get("/export/payments.xlsx", query_string=CHOICE)
    assert (told.status_code, told.headers["Location"]) == (303, "/exports")
    assert board.jobs.asked[-1][0] == "export"
    with client.get("/export/payments.csv", query_string=CHOICE) as whole:
        assert whole.data.count(b"\n") > 10


def test_files_are_where_the_hosts_share_them(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).exports == tmp_path / "exports"


def test_the_archive_of_a_chain_is_for_its_owner_while_they_are_one(
    board: Running, work: Exports
) -> None:
    user = board.warehouse
    with user.directory() as connection:
        number = int(connection.scalar(text("select user_id from directory.app_user")) or 0)
    scope = Scope(1, number)
    with user.begin(scope) as connection:
        export = exports.add(connection, scope, number, what=exports.CHAIN, query={}, lang="en")
    _make(work, export)
    client = board.logged_in()
    answer = client.get(_link(client))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as opened:
        assert {"manifest.json", "payment.csv", "people.csv"} <= set(opened.namelist())
    assert re.match(r"tillboard-chain-1-\d{8}\.zip", _job(board, export).file_name)
    kept = _link(client)
    _be(board, "finance")
    assert client.get(kept).status_code == 400
    assert "/export/file/" not in _shown(client)
    _be(board, "owner")
    assert client.get(kept).status_code == 200
