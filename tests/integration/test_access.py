"""Who sees what: every page, callback, dropdown and download, by every role and another chain.

Nothing is compared by its words. One thing is altered behind everybody's back (``World.change``),
and whoever may see it must be answered differently than before, and whoever may not must be
answered the very same. So each refusal has its twin: the same request that does return rows.

What nobody has put into the tables below fails here.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from dashboard import guard, wechat
from dashboard.api.endpoints import ENDPOINTS
from dashboard.exporting import TYPES
from reports.contents import TABLES
from runtime.embedded import Valkey
from tests.conftest import Database
from tests.integration.access_world import BATCH, DIGEST, READERS, WEST, Reader, World, world
from tests.integration.boards import HERE
from tests.integration.test_callback_rights import CHANGES, OWN
from tests.papers import pages_of
from warehouse.cache import FigureCache
from warehouse.directory import sessions

UPDATE = "/_dash-update-component"
YEAR = {"period": "last28", "metric": "net_sales", "region": [], "city": []}


def anybody(_reader: Reader) -> bool:
    """Nothing of any chain is in it: no answer changes."""
    return False


def the_store(reader: Reader) -> bool:
    """Rows of the western store."""
    return reader.sees


def the_chain(reader: Reader) -> bool:
    """Files and places of the whole chain."""
    return reader.whole


def importers(reader: Reader) -> bool:
    """What is shown to those who bring money in."""
    return reader.chain == 1 and reader.role in {"owner", "finance"}


def advised(reader: Reader) -> bool:
    """Advice on the whole chain's marketing."""
    return importers(reader) and reader.whole


def spenders(reader: Reader) -> bool:
    """What the western store's marketing cost."""
    return importers(reader) and reader.sees


def exporters(reader: Reader) -> bool:
    """Rows of the western store that may be taken along as a file."""
    return reader.sees and reader.role != "viewer"


def themselves(reader: Reader) -> bool:
    """The account of the one whose name is changed."""
    return reader.name == "viewer"


def makers(reader: Reader) -> bool:
    """Whoever sees the token whose name is changed: finance its own, the owner all."""
    return reader.name in {"owner", "finance"}


def the_digest(reader: Reader) -> bool:
    """The digest of the western store's manager: theirs, and to be seen by an owner."""
    return reader.name in {"owner", "store-west"}


def the_robot(reader: Reader) -> bool:
    """The group that finance has digests written into, and an owner sees."""
    return reader.name in {"owner", "finance"}


def the_form(reader: Reader) -> bool:
    """The form of a digest: one's own name, an owner's colleagues, and groups."""
    return the_robot(reader) or themselves(reader)


def owners(reader: Reader) -> bool:
    """Who is in the chain, which only its owners see in a list."""
    return reader.name == "owner"


Seen = Callable[[Reader], bool]
MADE_AT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Call:
    """How a callback is asked, by ``id.property``, and whose answer shows the change."""

    seen: Seen
    values: dict[str, Any]


PAGES: dict[str, tuple[Seen, str]] = {
    "overview": (anybody, "/"),
    "stores": (anybody, "/stores"),
    "store": (the_store, f"/store/{WEST}"),
    "made_of": (anybody, "/made-of/store"),
    "forecast": (the_store, "/forecast"),
    "plans": (exporters, "/plans"),
    "marketing": (anybody, "/marketing"),
    "imports": (importers, "/imports"),
    "cash": (importers, f"/cash/{WEST}"),
    "setup": (anybody, "/setup"),
    "setup_store": (importers, f"/setup/{WEST}"),
    "start": (anybody, "/start"),
    "start_step": (importers, "/start/stores"),
    "alerts": (anybody, "/alerts"),
    "people": (anybody, "/people"),
    "digests": (anybody, "/digests"),
    "chain": (anybody, "/chain"),
    "exports": (anybody, "/exports"),
    "locations": (anybody, "/locations"),
    "tokens": (anybody, "/tokens"),
}
"""Most pages are grey shapes that callbacks fill, with nothing of the chain in them."""
RIGHTS = {
    key: {"owner", "finance"}
    for key in (
        "imports",
        "cash",
        "marketing",
        "setup",
        "setup_store",
        "start",
        "start_step",
        "tokens",
        "locations",
    )
} | {
    "people": {"owner"},
    "chain": {"owner"},
    "exports": {"owner", "finance", "regional", "store"},
}
"""Pages that are not for every role."""

_PERIOD = {"filters.data": YEAR, "theme.data": "light"}
_STORE = _PERIOD | {"store-id.data": WEST}
_AHEAD = {
    "forecast-asked.data": {"unit": f"store-{WEST}", "ahead": "30"},
    "theme.data": "light",
}
_TOMORROW = (date.today() + timedelta(days=2)).isoformat()  # noqa: DTZ011 - within 90 days anywhere
_IF = {
    "forecast-if-ask.n_clicks": 1,
    "forecast-if-kind.value": "closure",
    "forecast-if-from.value": _TOMORROW,
    "forecast-if-to.value": _TOMORROW,
}
CALLS: dict[str, Call] = {
    "overview-head.children": Call(the_store, {"overview-there.data": True}),
    "overview-daily.children": Call(
        the_store, {"overview-there.data": True, "theme.data": "light"}
    ),
    "overview-stores.children": Call(the_store, {"overview-there.data": True}),
    "stores-sentence.children": Call(the_store, _PERIOD),
    "stores-ranks.children": Call(the_store, _PERIOD),
    "stores-fair.children": Call(the_chain, _PERIOD),
    "overview-bridge.children": Call(
        the_store, {"overview-there.data": True, "theme.data": "light"}
    ),
    "made-of-head.children": Call(the_store, _PERIOD),
    "made-of-split.children": Call(the_store, _PERIOD | {"made-of-by.data": "store"}),
    "made-of-behind.children": Call(the_store, _PERIOD),
    "made-of-payments.getRowsResponse": Call(
        the_store, _PERIOD | {"made-of-payments.getRowsRequest": {"startRow": 0, "endRow": 100}}
    ),
    "store-head.children": Call(the_store, _STORE),
    "store-bridge.children": Call(the_store, _STORE),
    "store-peers.children": Call(anybody, _STORE),
    "store-mix.children": Call(the_store, _STORE),
    "store-hours.children": Call(the_store, _STORE),
    "forecast-fan.children": Call(the_store, _AHEAD),
    "forecast-landing.children": Call(the_store, _AHEAD),
    "forecast-drivers.children": Call(the_store, _AHEAD),
    "forecast-head.children": Call(the_store, _AHEAD),
    "forecast-stores.children": Call(
        the_store, {"forecast-asked.data": {"unit": "chain", "ahead": "30"}}
    ),
    "forecast-overrides.children": Call(the_store, _AHEAD),
    "forecast-scores.children": Call(the_store, _AHEAD),
    "forecast-work.children": Call(anybody, {"forecast-tick.n_intervals": 1}),
    "forecast-if-answer.children": Call(the_store, _AHEAD | _IF),
    "plans-targets.children": Call(the_store, {"plans-year.value": str(date.today().year)}),  # noqa: DTZ011
    "plans-notes.children": Call(the_store, {"plans-changed.data": 0}),
    "plans-calendar.children": Call(the_store, {"plans-changed.data": 0}),
    "marketing-head.children": Call(advised, {"theme.data": "light"}),
    "marketing-spend.children": Call(spenders, {}),
    "marketing-work.children": Call(anybody, {"marketing-tick.n_intervals": 1}),
    "marketing-plan.children": Call(
        advised,
        {
            "marketing-split.n_clicks": 1,
            "marketing-total.value": "90",
            "marketing-margin.value": 60,
            '{"channel":["ALL"],"type":"marketing-bounds"}.value': [],
            '{"channel":["ALL"],"type":"marketing-bounds"}.id': [],
        },
    ),
    "imports-sentence.children": Call(
        the_chain, {"imports-tick.n_intervals": 1, "imports-changed.data": 0}
    ),
    "imports-places.children": Call(the_chain, {"imports-changed.data": 0}),
    "imports-drawer.opened": Call(the_chain, {"imports-opened.data": {"batch": BATCH}}),
    "cash-days.children": Call(the_store, {"cash-store.value": str(WEST)}),
    "setup-stores.children": Call(the_store, {"setup-search.value": ""}),
    "start-currency.value": Call(anybody, {"start-country.value": "JP"}),
    "start-stores.children": Call(the_store, {"setup-changed.data": 1}),
    "digests-list.children": Call(
        the_digest, {"digests-changed.data": 1, "digests-search.value": ""}
    ),
    "digests-robots.children": Call(the_robot, {"digests-robots-changed.data": 1}),
    "digests-for-daily.hidden": Call(anybody, {"digests-rhythm.value": "weekly"}),
    "digests-drawer.opened": Call(the_form, {"digests-add.n_clicks": 1}),
    "digests-robot-drawer.opened": Call(anybody, {"digests-robot-add.n_clicks": 1}),
    "fiscal-weekly.hidden": Call(anybody, {"fiscal-kind.value": "own"}),
    "people-list.children": Call(owners, {"people-changed.data": 1}),
    "people-may.children": Call(anybody, {"people-role.value": "store"}),
    "people-drawer.opened": Call(owners, {"people-invite.n_clicks": 1}),
    "tokens-list.children": Call(makers, {"tokens-changed.data": 1}),
    "tokens-drawer.opened": Call(importers, {"tokens-make.n_clicks": 1}),
    "overview-alerts.children": Call(the_store, {"overview-there.data": True}),
    "alerts-sentence.children": Call(the_store, {"alerts-changed.data": 1}),
    "alerts-say.children": Call(
        the_store,
        {
            "alerts-kind.value": "range",
            "alerts-days.value": 2,
            "alerts-stores.value": [str(WEST)],
        },
    ),
    "schedules-list.children": Call(anybody, {"schedules-changed.data": 1}),
    "schedules-has-kind.hidden": Call(anybody, {"schedules-what.value": "reports"}),
    "locations-sentence.children": Call(the_chain, {"locations-changed.data": 1}),
    "locations-changed.data": Call(
        the_chain, {"locations-tick.n_intervals": 1, "locations-state.data": "done"}
    ),
    "locations-map.children": Call(the_chain, {"locations-city.value": "*", "theme.data": "light"}),
    "locations-lat.value": Call(
        the_chain, {"locations-graph.clickData": {"points": [{"lat": 31.77, "lon": 117.28}]}}
    ),
    "locations-answer.children": Call(
        the_chain,
        {
            "locations-ask.n_clicks": 1,
            "locations-lat.value": "31.77",
            "locations-lon.value": "117.28",
        },
    ),
    "locations-side.children": Call(the_chain, {"locations-compare.value": ["1"]}),
    "exports-list.children": Call(anybody, {"exports-tick.n_intervals": 1}),
    "series-bar.children": Call(anybody, {"series-tick.n_intervals": 1}),
}
"""Callbacks that read, by the first of their outputs."""
DOWNLOADS: dict[str, tuple[Seen, tuple[str, ...]]] = {
    "account": (themselves, ("/account",)),
    "digest_preview": (the_digest, (f"/digests/{DIGEST}/preview",)),
    "report": (exporters, (f"/export/report.pdf?period=last28&store={WEST}",)),
    "sites_case": (
        importers,
        ("/locations/case.pdf?site=1", "/locations/case.pdf?lat=31.77&lon=117.28"),
    ),
    "targets_sheet": (exporters, ("/plans/targets.csv", "/plans/targets.xlsx")),
    "rejects": (importers, (f"/imports/{BATCH}/rejects.csv",)),
    "export": (
        exporters,
        tuple(
            f"/export/{what}.{kind}?period=last28&store={store}"
            for what in TABLES
            for kind in TYPES
            for store in ("", WEST)
        ),
    ),
}
"""Routes that hand out rows as a file."""
SIGNED = frozenset({"export_file"})
"""A file of one person by a signed link: tried in test_export_jobs."""
TOKENED = {f"api_{one.name}" for one in ENDPOINTS}
"""Questions that a token alone opens: tried in test_api; a person's log-in opens none of them."""
BARE = frozenset(
    (
        "static enter login logout speak upload setup_list setup_template live ready metrics"
        " tokens code take_code switch_chain in_browser"
        " forgot take_forgot reset take_reset join take_join sign_on sign_on_back account_password"
        " account_end account_end-others account_second account_second-on account_second-off"
        " export_start targets_send api_document api_docs api_nothing digest_show digest_take"
        " digest_back sites_send"
        " export_start targets_send spend_send spend_template"
        " api_document api_docs api_nothing digest_show digest_take"
        " digest_back"
    ).split()
)
"""Routes that hand out no rows of a chain."""


@pytest.fixture(params=["computed", "kept"])
def open_world(
    request: pytest.FixtureRequest,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The world without a cache, and with one, whose keys must tell the readers apart."""
    # When somebody was last seen would change by the asking itself.
    monkeypatch.setattr(sessions, "SEEN_EVERY", timedelta(days=1))
    # A person's name is remembered for some seconds, within which the change would be missed.
    monkeypatch.setattr(guard, "PERSON_SECONDS", -1.0)
    cache = None
    if request.param == "kept":
        valkey: Valkey = request.getfixturevalue("valkey")
        cache = FigureCache(valkey.cache_url, b"k" * 32)
    with world(database, tmp_path, cache) as opened:
        yield opened


def test_each_sees_what_is_theirs_and_nothing_else(
    open_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    requests = _requests(open_world)
    before = _answers(open_world, requests)
    again = _answers(open_world, requests, READERS[:1])
    unsteady = [key for key, answer in again.items() if before[key] != answer]
    assert not unsteady, f"answers that change by themselves prove nothing: {unsteady}"
    open_world.change()
    after = _answers(open_world, requests)
    tried: Counter[str] = Counter()
    wrong = []
    for reader in READERS:
        for name, (seen, _ask) in requests.items():
            changed = before[reader.name, name] != after[reader.name, name]
            if changed != seen(reader):
                wrong.append(f"{reader.name} {'sees' if changed else 'misses'} it by {name}")
            tried["allowed" if changed else "denied"] += 1
    assert not wrong, "\n".join(wrong)
    with capsys.disabled():
        print(  # noqa: T201 - the count is to be seen
            f"\n{len(READERS)} readers x {len(requests)} requests = {tried.total()} combinations:"
            f" {tried['allowed']} allowed, {tried['denied']} denied or with nothing to see"
        )
    for name, (seen, _ask) in requests.items():
        if seen is not anybody:
            assert {seen(reader) for reader in READERS} == {True, False}, name


def test_a_page_is_shown_to_its_roles_alone(open_world: World) -> None:
    for reader in READERS:
        client = open_world.clients[reader.name]
        for key, (_seen, path) in PAGES.items():
            told = _page(client, path)
            allowed = reader.role in RIGHTS.get(key, {reader.role})
            assert ("This page is not for your role" in told) != allowed, (reader.name, key)


def _requests(opened: World) -> dict[str, tuple[Seen, Callable[[FlaskClient], str]]]:
    """Return all there is to ask for, by name. Fails on what nobody has classified."""
    opened.board.client().get("/healthz")
    server = opened.board.app.server
    pages = set(server.extensions["tillboard_pages"])
    assert pages == set(PAGES), f"pages not classified, or gone: {pages ^ set(PAGES)}"
    routes = {
        rule.endpoint
        for rule in server.url_map.iter_rules()
        if not rule.rule.startswith(("/_dash", "/_favicon", "/_reload", "/assets"))
        and rule.endpoint not in {"/", "/<path:path>"}
    }
    known = set(DOWNLOADS) | SIGNED | TOKENED | BARE
    assert routes == known, f"routes not classified, or gone: {routes ^ known}"
    found: dict[str, tuple[Seen, Callable[[FlaskClient], str]]] = {
        # The filter bar with its dropdowns of regions and cities is in there.
        "the frame": (the_store, lambda client: client.get("/_dash-layout").text)
    }
    for key, (seen, path) in PAGES.items():
        found[f"page {key}"] = (seen, lambda client, path=path: _page(client, path))  # type: ignore[misc]
    for seen, paths in DOWNLOADS.values():
        for path in paths:
            found[f"download {path}"] = (seen, lambda client, path=path: _file(client, path))  # type: ignore[misc]
    return found | _callbacks(opened)


def _callbacks(opened: World) -> dict[str, tuple[Seen, Callable[[FlaskClient], str]]]:
    found: dict[str, tuple[Seen, Callable[[FlaskClient], str]]] = {}
    left = set(CALLS)
    for output, one in opened.board.app.callback_map.items():
        name = output.strip(".").split("...")[0].split("@")[0]
        starts = {f"{each['id']}.{each['property']}" for each in one["inputs"]}
        if (
            "callback" not in one
            or name == "_pages_content.children"
            or starts & (set(CHANGES) | OWN)
        ):
            continue
        assert name in CALLS, f"{name} is not classified; it is started by {starts}"
        left.discard(name)
        call = CALLS[name]
        body = _body(output, one, call.values)
        found[f"callback {name}"] = (call.seen, lambda client, body=body: _ask(client, body))  # type: ignore[misc]
    assert not left, f"callbacks that are gone: {left}"
    return found


def _answers(
    opened: World,
    requests: dict[str, tuple[Seen, Callable[[FlaskClient], str]]],
    readers: Sequence[Reader] = READERS,
) -> dict[tuple[str, str], str]:
    return {
        (reader.name, name): ask(opened.clients[reader.name])
        for name, (_seen, ask) in requests.items()
        for reader in readers
    }


def _ask(client: FlaskClient, body: dict[str, Any]) -> str:
    answer = client.post(UPDATE, json=body, headers=HERE)
    assert answer.status_code in {200, 204}, answer.text[:300]
    assert "Something failed on our side" not in answer.text, answer.text[:500]
    return answer.text


def _file(client: FlaskClient, path: str) -> str:
    """Return the rows of a download, without the stamp that says when it was made."""
    answer = client.get(path)
    if "sheet" in answer.content_type:
        return str(
            CalamineWorkbook.from_object(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
        )
    if "pdf" in answer.content_type:
        return MADE_AT.sub("", "".join(pages_of(answer.data)))
    if "parquet" in answer.content_type:
        return pl.read_parquet(io.BytesIO(answer.data)).write_csv()
    return "\n".join(line for line in answer.text.splitlines() if not line.startswith("#"))


def _page(client: FlaskClient, path: str) -> str:
    outputs = [
        {"id": "_pages_content", "property": "children"},
        {"id": "_pages_store", "property": "data"},
    ]
    body = {
        "output": ".._pages_content.children..._pages_store.data..",
        "outputs": outputs,
        "inputs": [
            {"id": "_pages_location", "property": "pathname", "value": path},
            {"id": "_pages_location", "property": "search", "value": f"?unit=store-{WEST}"},
        ],
        "state": [],
        "changedPropIds": ["_pages_location.pathname"],
    }
    return _ask(client, body)


def _body(output: str, one: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    def given(each: dict[str, Any]) -> dict[str, Any]:
        name = f"{each['id']}.{each['property']}"
        return {"id": each["id"], "property": each["property"], "value": values.get(name)}

    outputs = [part.split("@")[0].rpartition(".") for part in output.strip(".").split("...")]
    named = [{"id": left, "property": right} for left, _, right in outputs]
    return {
        "output": output,
        "outputs": named if output.startswith("..") else named[0],
        "inputs": [given(each) for each in one["inputs"]],
        "state": [given(each) for each in one["state"]],
        "changedPropIds": [f"{one['inputs'][0]['id']}.{one['inputs'][0]['property']}"],
    }


def test_who_is_in_two_chains_sees_in_each_what_is_of_it_alone(open_world: World) -> None:
    """The same person, the same questions: after the switch nothing of the first chain is told."""
    with open_world.board.warehouse.directory() as connection:
        connection.execute(
            text(
                "insert into directory.membership (chain_id, user_id, role) select 2, user_id,"
                " 'owner' from directory.app_user where email = 'owner@example.com'"
            )
        )
    client, other = open_world.clients["owner"], open_world.clients["other-owner"]
    requests = _requests(open_world)
    first = {name: ask(client) for name, (_seen, ask) in requests.items()}
    marks = ("Hillside", "Lakeside", "west.csv")
    told = [name for name, answer in first.items() if any(mark in answer for mark in marks)]
    assert len(told) >= 15, "the twin: in the first chain its own are told"
    answer = client.post("/chain/switch", data={"chain": "2"}, headers=HERE)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    shown = ""
    for name, (_seen, ask) in requests.items():
        answer_there = ask(client)
        assert not [mark for mark in marks if mark in answer_there], name
        shown += answer_there
    assert "Harbour" in shown, "the second chain's own are told"
    # What differs is who asks, and that is in the frame and on the page of people alone.
    same = [name for name, (_seen, ask) in requests.items() if ask(client) == ask(other)]
    assert len(same) > len(requests) - 8
    client.post("/chain/switch", data={"chain": "1"}, headers=HERE)
    again = {name: ask(client) for name, (_seen, ask) in requests.items()}
    # The frame and the list of people say when somebody was seen last, and in which chains.
    changing = {"the frame", "callback people-list.children"}
    assert {name for name in told if again[name] != first[name]} <= changing


def test_a_page_of_one_chain_is_not_filled_in_another(open_world: World) -> None:
    client = open_world.clients["owner"]
    output, one = next(
        (output, one)
        for output, one in open_world.board.app.callback_map.items()
        if output.startswith("setup-stores")
    )
    body = _body(output, one, {"setup-search.value": ""})
    here = client.post(UPDATE, json=body, headers=HERE | {"X-Tillboard-Chain": "1"})
    assert "Hillside" in here.text
    there = client.post(UPDATE, json=body, headers=HERE | {"X-Tillboard-Chain": "2"})
    assert there.status_code == 409
    assert "Hillside" not in there.text
    sent = client.post(
        "/upload", data=b"x", headers=HERE | {"X-Tillboard-Chain": "2", "X-File-Name": "a.csv"}
    )
    assert sent.status_code == 409
    assert open_world.board.jobs.asked == []


def test_nobody_goes_on_in_a_chain_that_is_not_theirs(open_world: World) -> None:
    client = open_world.clients["owner"]
    for wanted in ("2", "0", "", "x", "-1", "9" * 40):
        refused = client.post("/chain/switch", data={"chain": wanted}, headers=HERE)
        assert refused.status_code == 400, wanted
    assert "Hillside" in _ask(
        client,
        _body(
            *next(
                each
                for each in open_world.board.app.callback_map.items()
                if each[0].startswith("setup-stores")
            ),
            {"setup-search.value": ""},
        ),
    )


def test_the_session_of_the_old_chain_ends_with_the_switch(open_world: World) -> None:
    with open_world.board.warehouse.directory() as connection:
        connection.execute(
            text(
                "insert into directory.membership (chain_id, user_id, role) values"
                " (2, 1001, 'viewer')"
            )
        )
    client = open_world.clients["owner"]
    with client.session_transaction() as session:
        old = session["token"]
    client.post("/chain/switch", data={"chain": "2"}, headers=HERE)
    late = open_world.board.client()
    with late.session_transaction() as session:
        session["token"] = old
    assert late.get("/_dash-layout").status_code == 401
    assert client.get("/_dash-layout").status_code == 200


WECHAT = (
    "Mozilla/5.0 (Linux; Android 10; V1986A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0"
    " Chrome/107.0.5304.141 Mobile Safari/537.36 XWEB/5023 MMWEBSDK/20230202 MicroMessenger/8.0.33"
)


def test_wechat_is_told_how_to_get_a_file_and_others_get_it(open_world: World) -> None:
    client = open_world.clients["owner"]
    answered = {
        name: (client.get(path), client.get(path, headers={"User-Agent": WECHAT}))
        for name, (_seen, paths) in DOWNLOADS.items()
        for path in paths[:1]
        if name in wechat.FILES
    }
    assert set(answered) >= {"report", "rejects", "export"}
    for name, (file, hint) in answered.items():
        assert "attachment" in file.headers["Content-Disposition"], name
        assert "Content-Disposition" not in hint.headers, name
        assert "WeChat cannot save files" in hint.text, name
    # Every route of a file is told: one that is new must be named in both places.
    handed_out = {
        name
        for name, (_seen, paths) in DOWNLOADS.items()
        if "Content-Disposition" in client.get(paths[0]).headers
    }
    assert handed_out | SIGNED | {"setup_template", "spend_template"} == wechat.FILES
    nobody = open_world.board.client().get("/export/days.csv", headers={"User-Agent": WECHAT})
    assert nobody.status_code in {302, 401}
    away = client.get("/in-browser?next=https://elsewhere.example/", headers={"User-Agent": WECHAT})
    assert re.search(r'class="plain-address"[^>]*>http://localhost/</p>', away.text)
