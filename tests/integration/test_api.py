"""The read API: each question by each token, answers as the document says, refusals that help."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from sqlalchemy import text
from werkzeug.test import TestResponse

from chain.days import Period
from chain.errors import PermanentError
from chain.roles import API_SCOPES
from chain.settings import Settings
from dashboard.api.document import document
from dashboard.api.endpoints import ENDPOINTS
from dashboard.pages import PAGES
from runtime.embedded import Valkey
from tests.conftest import Database
from tests.integration.access_world import (
    EAST_1,
    FIRST,
    READERS,
    WEST,
    World,
    world,
)
from tests.integration.boards import HERE, running
from warehouse.cache import FigureCache
from warehouse.directory import members, tokens
from warehouse.directory.members import Place
from warehouse.directory.sessions import token_hash
from warehouse.directory.tokens import Wanted
from warehouse.reads import Reads
from warehouse.reads.protocol import Filters
from warehouse.session import Scope

BASE = "/api/v1"
NAMES = [one.name for one in ENDPOINTS]
NUMBERS = {reader.name: FIRST + at for at, reader in enumerate(READERS)}


@pytest.fixture(scope="module")
def module_world(
    module_database: Database, valkey: Valkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A world that nobody changes."""
    cache = FigureCache(valkey.cache_url, b"k" * 32)
    with world(module_database, tmp_path_factory.mktemp("api"), cache) as opened:
        yield opened


@pytest.fixture
def open_world(database: Database, tmp_path: Path) -> Iterator[World]:
    with world(database, tmp_path, None) as opened:
        yield opened


def token(opened: World, reader: str = "owner", **given: Any) -> str:
    one = READERS[NUMBERS[reader] - FIRST]
    wanted = replace(Wanted("t", API_SCOPES, 30), **given)
    scope = Scope(one.chain, NUMBERS[reader], one.role, one.stores)
    return tokens.make(opened.board.warehouse, scope, wanted)


def ask(opened: World, secret: str, path: str, **headers: str) -> TestResponse:
    client: FlaskClient = opened.board.client()
    sent = {"Authorization": f"Bearer {secret}", **headers}
    return client.get(path if path.startswith("/") else f"{BASE}/{path}", headers=sent)


def closed(schema: Any) -> Any:
    """Return ``schema`` with no room for what it does not name."""
    if isinstance(schema, Mapping):
        made = {key: closed(part) for key, part in schema.items()}
        return made | ({"additionalProperties": False} if "properties" in made else {})
    return [closed(part) for part in schema] if isinstance(schema, list) else schema


def held_to_document(answer: TestResponse, name: str) -> None:
    """Fail where an answer is not what the document says of it."""
    whole = document("en")
    responses = whole["paths"][f"/{name}"]["get"]["responses"]
    response = responses[str(answer.status_code)]
    if "$ref" in response:
        response = whole["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    schema = response["content"][answer.mimetype]["schema"]
    components = closed(whole["components"])
    Draft202012Validator(
        {**schema, "components": components}, format_checker=Draft202012Validator.FORMAT_CHECKER
    ).validate(answer.get_json())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_document_is_openapi(lang: Any) -> None:
    validate(document(lang))
    operations = [path["get"] for path in document(lang)["paths"].values()]
    assert [one["operationId"] for one in operations] == NAMES


def test_the_document_and_the_page_say_nothing_of_a_chain_and_call_nobody(
    module_world: World,
) -> None:
    client = module_world.board.client()
    answer = client.get(f"{BASE}/openapi.json")
    assert answer.get_json() == document("en")
    chinese = client.get(f"{BASE}/openapi.json", headers={"Accept-Language": "zh-CN"})
    assert chinese.get_json() == document("zh")
    again = client.get(f"{BASE}/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert all(f"GET {BASE}/{name}" in page.text for name in NAMES)
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text


@pytest.mark.parametrize("name", NAMES)
def test_each_question_is_answered_as_the_document_says(module_world: World, name: str) -> None:
    # The world has a forecast of stores alone.
    path = f"{name}?level=store&id={WEST}" if name == "forecast" else name
    answer = ask(module_world, token(module_world), path)
    assert answer.status_code == 200, answer.text
    held_to_document(answer, name)
    assert answer.get_json().get("rows") != [], "an answer with rows proves something"


@pytest.mark.parametrize("one", ENDPOINTS, ids=NAMES)
def test_a_token_answers_what_its_scope_names_and_nothing_else(
    module_world: World, one: Any
) -> None:
    for scope in API_SCOPES:
        answer = ask(module_world, token(module_world, scopes=(scope,)), one.name)
        allowed = one.scope in {None, scope}
        assert answer.status_code == (200 if allowed else 403), (scope, answer.text)
        if not allowed:
            held_to_document(answer, one.name)
            assert answer.get_json()["code"] == "scope_missing"
            assert f'scope="{one.scope}"' in answer.headers["WWW-Authenticate"]


def test_each_token_sees_what_is_its_own_and_nothing_else(open_world: World) -> None:
    """One store changes: whoever sees it is answered otherwise than before, and nobody else."""
    bounds: dict[str, tuple[str, bool]] = {
        token(open_world): ("the owner's", True),
        token(open_world, "finance"): ("finance's", True),
        token(open_world, store_ids=(WEST,)): ("of the store", True),
        token(open_world, region_ids=(2,)): ("of its region", True),
        token(open_world, region_ids=(1,)): ("of another region", False),
        token(open_world, store_ids=(EAST_1,)): ("of another store", False),
        token(open_world, "other-owner"): ("another chain's", False),
    }
    paths = [name for name in NAMES if name not in {"chain", "metrics", "imports", "forecast"}]
    paths += [f"{name}?store={WEST}" for name in ("totals", "daily", "by-store", "payments")]
    paths += [f"forecast?level=store&id={WEST}", "imports"]

    def said(who: str, path: str) -> str:
        return str({**ask(open_world, who, path).get_json(), "request_id": None})

    def answers() -> dict[tuple[str, str], str]:
        return {(who, path): said(who, path) for who in bounds for path in paths}

    before = answers()
    assert answers() == before, "answers that change by themselves prove nothing"
    open_world.change()
    after = answers()
    wrong = []
    for (who, path), answer in after.items():
        whose, sees = bounds[who]
        # Imports are of the whole chain: a token of some stores is refused.
        if path == "imports":
            sees = whose in {"the owner's", "finance's"}
        if (before[who, path] != answer) != sees:
            wrong.append(f"a token {whose} {'misses' if sees else 'sees'} it by {path}")
    assert not wrong, "\n".join(wrong)


def test_a_token_never_sees_more_than_its_maker_at_that_moment(open_world: World) -> None:
    secret = token(open_world, "finance", store_ids=(WEST, EAST_1))
    whole = token(open_world, "finance")

    def seen(one: str) -> set[int]:
        rows = ask(open_world, one, "stores").get_json()["rows"]
        return {row["store_id"] for row in rows}

    assert seen(secret) == {WEST, EAST_1}
    assert len(seen(whole)) == 4
    owner = Scope(1, NUMBERS["owner"])
    place = Place("finance", store_ids=(EAST_1,))
    members.change(open_world.board.warehouse, owner, NUMBERS["finance"], place)
    assert seen(secret) == {EAST_1}
    assert seen(whole) == {EAST_1}
    members.change(open_world.board.warehouse, owner, NUMBERS["finance"], Place("viewer"))
    _refused(open_world, secret, "token_maker")
    members.change(open_world.board.warehouse, owner, NUMBERS["finance"], Place("finance"))
    assert seen(secret) == {WEST, EAST_1}
    members.revoke(open_world.board.warehouse, owner, NUMBERS["finance"])
    _refused(open_world, secret, "token_revoked")


def _refused(opened: World, secret: str, code: str) -> None:
    answer = ask(opened, secret, "chain")
    assert (answer.status_code, answer.get_json()["code"]) == (401, code)
    assert "invalid_token" in answer.headers["WWW-Authenticate"]
    held_to_document(answer, "chain")


def test_a_token_that_is_unknown_revoked_or_over_is_told_so(open_world: World) -> None:
    warehouse = open_world.board.warehouse
    secret = token(open_world)
    assert ask(open_world, secret, "chain").status_code == 200
    _refused(open_world, secret[:-1], "token_unknown")
    owner = Scope(1, NUMBERS["owner"])
    (known,) = (
        one for one in tokens.tokens(warehouse, owner) if secret.split("_")[1] == one.prefix
    )
    assert known.used_at is not None
    with warehouse.begin(owner) as connection:
        connection.execute(
            text("update directory.api_token set ends_at = now() where token_id = :id"),
            {"id": known.token_id},
        )
    _refused(open_world, secret, "token_ended")
    tokens.revoke(warehouse, owner, known.token_id)
    _refused(open_world, secret, "token_revoked")
    with pytest.raises(PermanentError, match="no longer there"):
        tokens.revoke(warehouse, owner, known.token_id)


def test_only_a_tokens_hash_is_kept(open_world: World) -> None:
    secret = token(open_world)
    with open_world.board.warehouse.begin(Scope(1)) as connection:
        rows = connection.execute(text("select * from directory.api_token")).all()
        noted = connection.scalars(text("select detail::text from audit_log")).all()
    assert any(token_hash(secret) in row for row in rows)
    assert secret not in f"{rows} {noted}"


@pytest.mark.parametrize(
    ("name", "sees"),
    [("owner", True), ("finance", True), ("viewer", False), ("store-west", False),
     ("other-owner", False)],
)  # fmt: skip
def test_tokens_are_seen_by_who_may_make_them(open_world: World, name: str, sees: bool) -> None:
    token(open_world, "finance")
    reader = READERS[NUMBERS[name] - FIRST]
    scope = Scope(reader.chain, NUMBERS[name], reader.role, reader.stores)
    assert bool(tokens.tokens(open_world.board.warehouse, scope)) is sees


def test_finance_sees_and_ends_its_own_tokens_alone(open_world: World) -> None:
    token(open_world, "owner")
    token(open_world, "finance")
    warehouse = open_world.board.warehouse
    finance = Scope(1, NUMBERS["finance"], "finance")
    assert len(tokens.tokens(warehouse, finance)) == 2  # one is of the world
    (owners,) = (
        one.token_id
        for one in tokens.tokens(warehouse, Scope(1, NUMBERS["owner"]))
        if one.maker.startswith("owner")
    )
    with pytest.raises(PermanentError, match="no longer there"):
        tokens.revoke(warehouse, finance, owners)


@pytest.mark.parametrize("role", ["viewer", "regional", "store"])
def test_row_level_security_lets_nobody_else_make_a_token(open_world: World, role: str) -> None:
    scope = Scope(1, NUMBERS["viewer"], role)
    with pytest.raises(Exception, match="row-level security"):
        tokens.make(open_world.board.warehouse, scope, Wanted("t", ("stores",), 1))


def test_a_log_in_of_a_browser_opens_no_question(module_world: World) -> None:
    client = module_world.clients["owner"]
    for name in NAMES:
        answer = client.get(f"{BASE}/{name}")
        assert answer.status_code == 401
        assert answer.get_json()["code"] == "no_token"
    assert client.get("/api/v1/nothing").get_json()["code"] == "not_found"
    for sent in ("Basic abc", "Bearer", "Bearer  ", "bearer"):
        answer = client.get(f"{BASE}/chain", headers={"Authorization": sent})
        assert answer.get_json()["code"] == "no_token"


def test_it_only_reads(module_world: World) -> None:
    client = module_world.board.client()
    headers = {"Authorization": f"Bearer {token(module_world)}"}
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = client.open(f"{BASE}/stores", method=method, headers=headers)
        assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        ("totals?from=2026-01-01", "half_period", "to"),
        ("totals?to=2026-01-01", "half_period", "from"),
        ("totals?from=2026-02-01&to=2026-01-01", "backwards", "to"),
        ("totals?from=1990-01-01&to=2090-01-01", "too_long", "to"),
        ("totals?from=0001-01-01&to=0001-01-02", "bad_parameter", "from"),
        ("totals?period=last7&from=2026-01-01&to=2026-01-02", "two_periods", "period"),
        ("totals?period=ever", "bad_parameter", "period"),
        ("totals?metric=wealth", "bad_parameter", "metric"),
        ("by-store?metric=repeat_share", "bad_parameter", "metric"),
        ("daily?metric=days_without", "bad_parameter", "metric"),
        ("daily?grain=hour", "bad_parameter", "grain"),
        ("totals?store=west", "bad_parameter", "store"),
        ("totals?store=-1", "bad_parameter", "store"),
        ("totals?shop=1", "unknown_parameter", "shop"),
        ("totals?start=2026-01-01", "unknown_parameter", "start"),
        ("totals?metric=orders&metric=refunds", "twice", "metric"),
        ("chain?lang=en", "unknown_parameter", "lang"),
        ("payments?limit=0", "bad_parameter", "limit"),
        ("payments?limit=5001", "bad_parameter", "limit"),
        ("payments?cursor=nonsense", "bad_cursor", "cursor"),
        (
            "payments?cursor=" + base64.urlsafe_b64encode(b"[1,2,3]").decode(),
            "bad_cursor",
            "cursor",
        ),
        ("imports?cursor=" + base64.urlsafe_b64encode(b'["x"]').decode(), "bad_cursor", "cursor"),
        ("forecast?ahead=91", "bad_parameter", "ahead"),
        ("forecast?level=planet", "bad_parameter", "level"),
    ],
)
def test_what_is_wrong_is_named_in_both_languages(
    module_world: World, path: str, code: str, parameter: str
) -> None:
    secret = token(module_world)
    said = {}
    for lang in ("en", "zh"):
        answer = ask(module_world, secret, path, **{"Accept-Language": lang})
        problem = answer.get_json()
        assert (answer.status_code, problem["code"]) == (400, code), problem
        assert problem["parameter"] == parameter
        held_to_document(answer, path.partition("?")[0])
        said[lang] = problem["detail"]
    assert parameter in said["en"]
    assert said["en"] != said["zh"]


def test_an_answer_that_has_not_changed_is_not_sent_again(open_world: World) -> None:
    secret = token(open_world)
    for name in ("totals", "by-store", "payments", "imports"):
        first = ask(open_world, secret, name)
        tag = first.headers["ETag"]
        same = ask(open_world, secret, name, **{"If-None-Match": tag})
        assert (same.status_code, same.data) == (304, b"")
        assert ask(open_world, secret, name, **{"Accept-Encoding": "gzip"}).headers["ETag"] == tag
        other = ask(open_world, token(open_world, store_ids=(EAST_1,)), name)
        assert other.headers.get("ETag") != tag, "an answer of another scope is another answer"
    tag = ask(open_world, secret, "totals").headers["ETag"]
    open_world.change()
    changed = ask(open_world, secret, "totals", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["ETag"] != tag


def test_who_asks_too_often_waits(database: Database, tmp_path: Path, valkey: Valkey) -> None:
    given = Settings(data=tmp_path, api_per_minute=3, cache_url=valkey.cache_url)
    with running(database, tmp_path, PAGES, settings=given) as board:
        with board.warehouse.directory() as connection:
            user = connection.scalar(text("select user_id from directory.app_user"))
        wanted = Wanted("t", ("stores",), 1)
        secret, other = (
            tokens.make(board.warehouse, Scope(1, user), wanted) for _ in range(2)
        )  # fmt: skip
        client = board.client()

        def status(one: str) -> TestResponse:
            return client.get(f"{BASE}/chain", headers={"Authorization": f"Bearer {one}"})

        assert [status(secret).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        refused = status(secret)
        assert refused.headers["Retry-After"] == "60"
        held_to_document(refused, "chain")
        assert status(other).status_code == 200
        codes = [status("guess").status_code for _ in range(31)]
        assert (codes[0], codes[-1]) == (401, 429)
        assert status(other).status_code == 200, "who has a good token is not held up by others"


@pytest.mark.parametrize("limit", [1, 7, 60, 61, 5000])
def test_pages_of_payments_are_the_whole_list_once(module_world: World, limit: int) -> None:
    secret = token(module_world)
    today = date.today()  # noqa: DTZ011 - the period is wide enough for any zone
    days = f"from={today - timedelta(days=40)}&to={today}&store={WEST}"
    rows: list[dict[str, Any]] = []
    following = None
    while True:
        path = f"payments?{days}&limit={limit}" + (f"&cursor={following}" if following else "")
        answer = ask(module_world, secret, path).get_json()
        rows += answer["rows"]
        following = answer["next"]
        assert len(answer["rows"]) <= limit
        if following is None:
            break
    filters = Filters(Period(today - timedelta(days=40), today), stores=(WEST,))
    page = Reads(module_world.board.warehouse, Scope(1)).payments(filters, size=5000)
    assert len(rows) == page.total == 60
    assert {row["key"] for row in rows} == {str(key) for key in page.rows["key"]}
    order = [(row["business_date"], row["occurred_at"]) for row in rows]
    assert order == sorted(order, reverse=True)


def test_figures_are_those_of_the_board(module_world: World) -> None:
    secret = token(module_world)
    reads = Reads(module_world.board.warehouse, Scope(1))
    end = reads.chain().yesterday
    assert end is not None
    filters = Filters(Period(end - timedelta(days=27), end))
    totals = reads.totals(filters)
    answer = ask(module_world, secret, "totals?period=last28").get_json()
    assert answer["value"] == totals.value
    assert answer["value_before"] == totals.value_before
    assert answer["sums"] == totals.now
    assert (answer["currency"], answer["currency_decimals"]) == ("CNY", 2)
    ranked = reads.by_store(filters)
    rows = ask(module_world, secret, "by-store?period=last28").get_json()["rows"]
    assert [row["store_id"] for row in rows] == list(ranked["store_id"])
    assert [row["value"] for row in rows] == [round(value) for value in ranked["value"]]
    assert sum(row["value"] for row in rows) == answer["value"]


METRIC_OF = {
    name: next(
        each["schema"]["enum"]
        for each in document("en")["paths"][f"/{name}"]["get"]["parameters"]
        if each["name"] == "metric"
    )
    for name in ("totals", "daily", "by-store", "by-platform", "by-channel")
}


@st.composite
def questions(draw: st.DrawFn) -> str:
    """A question that is right by the document, about any period and any part of the chain."""
    name = draw(st.sampled_from(sorted(METRIC_OF)))
    start = draw(st.dates(date(1990, 1, 1), date(2190, 1, 1)))
    days = draw(st.integers(0, 3659))
    parts = [f"from={start}", f"to={start + timedelta(days=days)}"]
    if draw(st.booleans()):
        parts = [f"period={draw(st.sampled_from(['yesterday', 'last28', 'last_month', 'year']))}"]
    parts.append(f"metric={draw(st.sampled_from(METRIC_OF[name]))}")
    parts += [f"store={each}" for each in draw(st.lists(st.sampled_from([WEST, EAST_1, 9])))]
    parts += [f"city={each}" for each in draw(st.lists(st.sampled_from(["Suzhou", "成都", "'"])))]
    parts += [f"platform={each}" for each in draw(st.lists(st.sampled_from(["alipay", "?"])))]
    if name == "daily":
        parts.append(f"grain={draw(st.sampled_from(['day', 'week', 'month']))}")
    return f"{name}?{'&'.join(parts)}"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(question=questions())
def test_whatever_is_asked_rightly_is_answered_as_the_document_says(
    module_world: World, question: str
) -> None:
    # Grain by day over ten years asks for each date; the reads answer it all the same.
    secret = _kept_token(module_world)
    answer = ask(module_world, secret, question)
    assert answer.status_code == 200, (question, answer.text)
    held_to_document(answer, question.partition("?")[0])


_secrets: dict[int, str] = {}


def _kept_token(opened: World) -> str:
    if id(opened) not in _secrets:
        _secrets[id(opened)] = token(opened)
    return _secrets[id(opened)]


def test_the_page_shows_a_token_once(open_world: World) -> None:
    client = open_world.clients["finance"]
    body = {
        "output": "..tokens-changed.data...tokens-drawer.opened@0...",
        "inputs": [{"id": "tokens-save", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["tokens-save.n_clicks"],
    }
    output, one = next(
        (key, each)
        for key, each in open_world.board.app.callback_map.items()
        if any(given["id"] == "tokens-save" for given in each["inputs"])
    )
    values = {
        "tokens-name": "Books",
        "tokens-scopes": ["stores"],
        "tokens-regions": [],
        "tokens-stores": [str(WEST)],
        "tokens-days": "30",
    }
    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]
    body |= {
        "output": output,
        "outputs": [{"id": left, "property": right} for left, _, right in outputs],
        "state": [
            {"id": each["id"], "property": each["property"], "value": values.get(each["id"])}
            for each in one["state"]
        ],
    }
    answer = client.post("/_dash-update-component", json=body, headers=HERE)
    (secret,) = {
        part for part in answer.text.split('"') if part.startswith(f"{tokens.MARK}_")
    }  # fmt: skip
    rows = ask(open_world, secret, "stores").get_json()["rows"]
    assert [row["store_id"] for row in rows] == [WEST]
    listed = client.post(
        "/_dash-update-component",
        json={
            "output": "tokens-list.children",
            "outputs": {"id": "tokens-list", "property": "children"},
            "inputs": [{"id": "tokens-changed", "property": "data", "value": 1}],
            "changedPropIds": ["tokens-changed.data"],
        },
        headers=HERE,
    )
    assert secret.split("_")[1] in listed.text
    assert secret not in listed.text
