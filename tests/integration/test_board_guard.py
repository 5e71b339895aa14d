"""Nothing of the board answers before log-in, and log-in holds against guessing."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from dashboard.guard import is_open
from dashboard.pages import imports
from dashboard.people import LOCK_AFTER
from tests.conftest import Database
from tests.integration.boards import EMAIL, HERE, LIMIT, PASSWORD, Running, running
from warehouse.reads import Reads
from warehouse.session import Scope


@pytest.fixture
def board(database: Database, tmp_path: Path) -> Iterator[Running]:
    with running(database, tmp_path, (imports.page,)) as opened:
        yield opened


def test_no_route_answers_before_log_in(board: Running) -> None:
    client = board.client()
    checked = 0
    for rule in board.app.server.url_map.iter_rules():
        path = rule.rule
        for argument in rule.arguments:
            path = path.replace(f"<int:{argument}>", "1").replace(f"<path:{argument}>", "x")
            path = path.replace(f"<string:{argument}>", "dash").replace(f"<{argument}>", "x")
        if is_open(path):
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            answer = client.open(path, method=method, headers=HERE)
            assert answer.status_code == 401, (method, path)
            assert set(answer.get_json()) == {"error"}
            checked += 1
    assert checked >= 8


def test_no_callback_answers_before_log_in(board: Running) -> None:
    board.client().get("/healthz")
    assert len(board.app.callback_map) >= 8
    for output in board.app.callback_map:
        body = {"output": output, "inputs": [], "changedPropIds": []}
        answer = board.client().post("/_dash-update-component", json=body, headers=HERE)
        assert answer.status_code == 401, output


def test_a_reader_is_sent_to_the_log_in_and_back(board: Running) -> None:
    client = board.client()
    answer = client.get("/imports?a=1", headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=" + quote("/imports?a=1", safe="")
    form = {"email": EMAIL, "password": PASSWORD, "next": "/imports?a=1"}
    assert client.post("/login", data=form, headers=HERE).headers["Location"] == "/imports?a=1"
    assert client.get("/imports").status_code == 200


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_log_in_never_leads_to_another_site(board: Running, target: str) -> None:
    form = {"email": EMAIL, "password": PASSWORD, "next": target}
    assert board.client().post("/login", data=form, headers=HERE).headers["Location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site", **HERE}],
)
def test_another_site_cannot_post(board: Running, headers: dict[str, str]) -> None:
    client = board.logged_in()
    assert client.post("/upload", data=b"x", headers=headers).status_code == 403
    assert client.post("/logout", headers=headers).status_code == 403
    assert client.get("/imports").status_code == 200


@pytest.mark.parametrize(
    ("lang", "wrong", "locked"),
    [("en", "do not go together", "Try again in"), ("zh", "邮箱与密码不匹配", "分钟后重试")],
)
def test_guessing_locks_the_account(board: Running, lang: str, wrong: str, locked: str) -> None:
    client = board.client()
    headers = HERE | {"Accept-Language": lang}
    for _ in range(LOCK_AFTER):
        form = {"email": EMAIL, "password": "guess"}
        answer = client.post("/login", data=form, headers=headers)
        assert answer.status_code == 403
        assert wrong in answer.text
    right = client.post("/login", data={"email": EMAIL, "password": PASSWORD}, headers=headers)
    assert right.status_code == 403
    assert locked in right.text


def test_an_unknown_address_is_told_the_same(board: Running) -> None:
    form = {"email": "nobody@example.com", "password": "guess"}
    answer = board.client().post("/login", data=form, headers=HERE)
    assert (answer.status_code, "do not go together" in answer.text) == (403, True)


def test_the_session_cookie_is_guarded_and_ends(board: Running) -> None:
    client = board.client()
    form = {"email": EMAIL, "password": PASSWORD}
    cookie = client.post("/login", data=form, headers=HERE).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    client.post("/logout", headers=HERE)
    assert client.get("/_dash-layout").status_code == 401


def test_the_policy_allows_our_scripts_only(board: Running) -> None:
    answer = board.logged_in().get("/", headers={"Accept": "text/html"})
    policy = answer.headers["Content-Security-Policy"]
    script = next(rule for rule in policy.split("; ") if rule.startswith("script-src"))
    assert "'unsafe" not in script
    assert answer.text.count("<script>") == script.count("'sha256-") - answer.text.count(
        'id="_dash-renderer"'
    )
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_language_is_remembered_for_the_person(board: Running) -> None:
    client = board.logged_in()
    client.post("/language", data={"lang": "zh", "next": "/"}, headers=HERE)
    assert 'lang="zh-CN"' in client.get("/").text
    again = board.logged_in()
    assert 'lang="zh-CN"' in again.get("/").text


def test_an_upload_is_kept_under_its_hash_and_its_import_started(board: Running) -> None:
    content = b"a,b\n1,2\n" * 1000
    headers = HERE | {"X-File-Name": quote("..\\账单/2026.csv")}
    client = board.logged_in()
    answer = client.post("/upload", data=content, headers=headers)
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["state"] == "received"
    digest = hashlib.sha256(content).hexdigest()
    assert (board.settings.inbox / digest).read_bytes() == content
    assert board.jobs.asked == [("import", 1, told["batches"][0])]
    assert Reads(board.warehouse, Scope(1)).batch(told["batches"][0]).file_name == "2026.csv"


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "is empty"), (b"x" * (LIMIT + 1), "over the limit of 1 MB")]
)
def test_what_cannot_be_kept_is_said_and_leaves_nothing(
    board: Running, content: bytes, sentence: str
) -> None:
    headers = HERE | {"X-File-Name": "bill.csv"}
    answer = board.logged_in().post("/upload", data=content, headers=headers)
    assert answer.status_code == 400
    assert sentence in answer.get_json()["error"]
    assert board.jobs.asked == []
    inbox = board.settings.inbox
    assert not inbox.exists() or not list(inbox.iterdir())


def test_ready_says_so_and_metrics_stay_inside(board: Running) -> None:
    client = board.client()
    assert client.get("/healthz").get_json() == {"status": "live"}
    assert client.get("/healthz/ready").get_json() == {"status": "ready", "reasons": []}
    assert client.get("/metrics").status_code == 200
    outside = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
    assert outside.status_code == 404
