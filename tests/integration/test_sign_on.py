"""Single sign-on against a real provider: who is vouched for and invited comes in, no one else."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import text

from chain.settings import Settings
from dashboard.pages import people
from tests.conftest import Database
from tests.integration.boards import HERE, Running, running
from tests.provider import CLIENT, SECRET, Provider, provider


@pytest.fixture
def known() -> Iterator[Provider]:
    with provider() as opened:
        yield opened


@pytest.fixture
def board(database: Database, tmp_path: Path, known: Provider) -> Iterator[Running]:
    settings = Settings(
        data=tmp_path,
        oidc_issuer=known.address,
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Acme",
    )
    with running(database, tmp_path, (people.page,), settings=settings) as opened:
        yield opened


def _sign_on(board: Running, client: FlaskClient, target: str = "/people") -> Any:
    """Go to the provider and back, as a browser does; return the last answer."""
    there = client.get(f"/sign-on?next={target}")
    assert there.status_code == 302
    back = requests.get(there.headers["Location"], allow_redirects=False, timeout=10)
    parts = urlsplit(back.headers["Location"])
    return client.get(f"{parts.path}?{parts.query}", headers={"Accept": "text/html"})


def test_who_is_vouched_for_and_known_comes_in(board: Running) -> None:
    client = board.client()
    assert "Log in with Acme" in client.get("/login").text
    answer = _sign_on(board, client)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people")
    assert client.get("/_dash-layout").status_code == 200
    client.post("/logout", headers=HERE)
    assert client.get("/_dash-layout").status_code == 401


def test_somebody_stays_who_they_are_when_the_address_changes(
    board: Running, known: Provider
) -> None:
    _sign_on(board, board.client())
    known.claims = {"email": "renamed@example.com", "email_verified": False}
    client = board.client()
    assert _sign_on(board, client).status_code == 303
    assert client.get("/_dash-layout").status_code == 200


@pytest.mark.parametrize(
    ("claims", "sentence"),
    [
        ({"email": "stranger@example.com"}, "has no account here"),
        ({"email_verified": False}, "has no account here"),
        ({"email_verified": "true"}, "has no account here"),
        ({"aud": "another client"}, "did not confirm"),
        ({"iss": "https://evil.example"}, "did not confirm"),
        ({"nonce": "made up"}, "did not confirm"),
        ({"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200}, "did not confirm"),
    ],
)
def test_what_is_not_vouched_for_lets_nobody_in(
    board: Running, known: Provider, claims: dict[str, Any], sentence: str
) -> None:
    known.claims = claims
    client = board.client()
    answer = _sign_on(board, client)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert client.get("/_dash-layout").status_code == 401


def test_a_signature_of_another_key_is_not_believed(board: Running, known: Provider) -> None:
    known.shown = RSAKey.generate_key(2048, {"kid": "1"})
    client = board.client()
    assert "did not confirm" in _sign_on(board, client).text
    assert client.get("/_dash-layout").status_code == 401


def test_another_persons_code_is_of_no_use(board: Running) -> None:
    """The answer is bound to the browser that asked: state, nonce and PKCE are of its session."""
    mine, theirs = board.client(), board.client()
    there = mine.get("/sign-on")
    back = requests.get(there.headers["Location"], allow_redirects=False, timeout=10)
    parts = urlsplit(back.headers["Location"])
    answer = theirs.get(f"{parts.path}?{parts.query}", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert theirs.get("/_dash-layout").status_code == 401


def test_a_second_account_is_not_bound_to_the_same_person(board: Running, known: Provider) -> None:
    _sign_on(board, board.client())
    known.claims = {"sub": "u-2"}
    answer = _sign_on(board, board.client())
    assert "has no account here" in answer.text


def test_who_was_taken_out_of_every_chain_does_not_come_in(board: Running) -> None:
    _sign_on(board, board.client())
    with board.warehouse.directory() as connection:
        connection.execute(text("delete from directory.membership"))
    assert "has no account here" in _sign_on(board, board.client()).text


def test_where_no_provider_is_set_or_it_is_away_a_sentence_says_so(
    database: Database, tmp_path: Path
) -> None:
    with running(database, tmp_path, (people.page,)) as plain:
        assert "Log in with" not in plain.client().get("/login").text
        answer = plain.client().get("/sign-on", headers={"Accept": "text/html"})
        assert "Single sign-on is not set up here" in answer.text


def test_a_provider_that_is_away_is_said(database: Database, tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path,
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Acme",
    )
    with running(database, tmp_path, (people.page,), settings=settings) as board:
        answer = board.client().get("/sign-on", headers={"Accept": "text/html"})
        assert (answer.status_code, "Acme does not answer" in answer.text) == (503, True)
