"""Mail through a real SMTP server: what arrives, and what is said where it does not."""

import socket
from pathlib import Path
from typing import Any

import pytest

from chain.errors import PermanentError, TillboardError, TransientError
from chain.settings import Settings
from reports.mail import Enclosed, Mail, MailServer, connected, is_address, mail_server, send
from tests.postbox import PASSWORD, USER, make_keys, postbox

MAIL = Mail(
    "wang@example.com", "昨日营业额 ¥13.2万", "万象城：¥1.2万\n", "<p>万象城：<b>¥1.2万</b></p>"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("keys"))


def test_both_parts_pictures_files_and_headers_arrive() -> None:
    mail = Mail(
        MAIL.to,
        MAIL.subject,
        MAIL.text,
        '<p>万象城</p><img src="cid:trend" alt="趋势">',
        enclosed=(
            Enclosed(b"\x89PNG", "image/png", cid="trend"),
            Enclosed(b"a,b", "text/csv", name="门店.csv"),
        ),
        headers={"List-Unsubscribe": "<https://board.example.com/u/7>"},
        message_id="<digest-7@example.com>",
    )
    with postbox() as box:
        send(box.server(), mail)
    (came,) = box.mails
    assert came["Subject"] == MAIL.subject
    assert came["From"] == "Tillboard <board@example.com>"
    assert came["Message-ID"] == "<digest-7@example.com>"
    assert came["List-Unsubscribe"] == "<https://board.example.com/u/7>"
    plain, html = came.get_body(("plain",)), came.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().split() == MAIL.text.split()
    assert "万象城" in html.get_content()
    parts = {part.get_content_type(): part for part in came.walk()}
    assert parts["image/png"]["Content-ID"] == "<trend>"
    assert parts["image/png"].get_content() == b"\x89PNG"
    assert parts["text/csv"].get_filename() == "门店.csv"


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_is_encrypted_and_logged_in(
    security: Any, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(keys[0]))
    with postbox(security, keys=keys, log_in=security == "starttls") as box:
        known = {"user": USER, "password": PASSWORD} if security == "starttls" else {}
        send(box.server(security=security, **known), MAIL)
    assert len(box.mails) == 1
    assert box.encrypted == [True]


def test_a_certificate_of_nobody_is_refused(keys: tuple[Path, Path]) -> None:
    for security in ("starttls", "tls"):
        with postbox(security, keys=keys) as box:
            assert _fails(box.server(security=security)) == (PermanentError, "mail.certificate")
        assert box.mails == []


def test_without_the_encryption_asked_for_nothing_is_sent() -> None:
    with postbox() as box:
        assert _fails(box.server(security="starttls", user=USER, password=PASSWORD)) == (
            PermanentError,
            "mail.not_encrypted",
        )
    assert box.mails == []


def test_a_wrong_password_is_said(keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(keys[0]))
    with postbox("starttls", keys=keys, log_in=True) as box:
        server = box.server(security="starttls", user=USER, password="wrong")
        assert _fails(server) == (PermanentError, "mail.log_in")


def test_one_of_ten_refused_leaves_the_nine() -> None:
    receivers = [f"p{number}@example.com" for number in range(10)]
    failed = []
    with postbox() as box:
        box.answers = {"p3@example.com": "550 no such mailbox", "p5@example.com": "451 greylisted"}
        with connected(box.server()) as post:
            for to in receivers:
                try:
                    post.send(Mail(to, "x", "y"))
                except TillboardError as error:
                    failed.append((to, type(error), error.key))
    assert failed == [
        ("p3@example.com", PermanentError, "mail.refused"),
        ("p5@example.com", TransientError, "mail.later"),
    ]
    assert [mail["To"] for mail in box.mails] == [to for to in receivers if to not in box.answers]


def test_a_server_that_hangs_or_is_not_there_is_tried_later() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = MailServer(
            "127.0.0.1", silent.getsockname()[1], "none", "b@example.com", seconds=0.3
        )
        assert _fails(server) == (TransientError, "mail.away")
    assert _fails(server) == (TransientError, "mail.away")


@pytest.mark.parametrize(
    "address",
    ["", "wang", "wang@", "@example.com", "a b@example.com", "a@example.com\nBcc: b@example.com"],
)
def test_what_is_no_address_is_not_tried(address: str) -> None:
    assert not is_address(address)
    with postbox() as box:
        assert _fails(box.server(), Mail(address, "x", "y"))[1] == "mail.bad_address"
    assert box.mails == []


def test_no_header_can_be_smuggled_in() -> None:
    with postbox() as box:
        mail = Mail(MAIL.to, "x\r\nBcc: b@example.com", "y")
        assert _fails(box.server(), mail) == (PermanentError, "mail.bad_address")
    assert box.mails == []


def test_settings_say_where_mail_goes() -> None:
    assert mail_server(Settings()) is None
    given = mail_server(Settings(smtp_host="mx", mail_from="b@example.com", smtp_password="hidden"))
    assert given is not None
    assert (given.port, given.security) == (587, "starttls")
    assert "hidden" not in repr(given)
    with pytest.raises(ValueError, match="mail_from"):
        Settings(smtp_host="mx")


def _fails(server: MailServer, mail: Mail = MAIL) -> tuple[type[TillboardError], str]:
    with pytest.raises(TillboardError) as caught:
        send(server, mail)
    assert caught.value.say("zh")
    assert caught.value.say("en")
    return type(caught.value), caught.value.key
