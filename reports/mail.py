"""One way for mail to leave: a typed message in, one SMTP conversation, errors that say what to do.

One mail has one receiver, so that an address that is refused stops nobody else's mail.
"""

import re
import smtplib
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from typing import Any, Literal

from chain.errors import PermanentError, TransientError
from chain.settings import Settings

Security = Literal["starttls", "tls", "none"]
_ADDRESS = re.compile(
    r"[^@\s<>,;:\"()\[\]\\]{1,64}@[^@\s<>,;:\"()\[\]\\]+\.[^@\s<>,;:\"()\[\]\\.]+"
)
LONGEST = 254
"""Characters of an address (RFC 5321, erratum 1690)."""
_WHY = 160


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. ``sender`` is ``board@example.com``, shown as ``name``."""

    host: str
    port: int
    security: Security
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str = "Tillboard"
    seconds: float = 20.0
    """How long one answer of the server may take."""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file that goes with a mail.

    With ``cid`` it is a picture within the HTML, which names it as ``<img src="cid:…">``.
    """

    content: bytes
    kind: str
    """Such as ``image/png``."""
    name: str = ""
    cid: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one receiver. ``text`` says all that ``html`` says.

    ``headers`` are further ones, such as ``List-Unsubscribe``. A mail that is sent again should
    carry the same ``message_id`` (``<digest-7@example.com>``): many mailboxes then show it once.
    """

    to: str
    subject: str
    text: str
    html: str = ""
    enclosed: tuple[Enclosed, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    message_id: str = ""


def mail_server(settings: Settings) -> MailServer | None:
    """Return the server of the settings, or None where there is none: then no mail is sent."""
    if not settings.smtp_host or not settings.mail_from:
        return None
    usual = {"starttls": 587, "tls": 465, "none": 25}[settings.smtp_security]
    return MailServer(
        settings.smtp_host,
        settings.smtp_port or usual,
        settings.smtp_security,
        settings.mail_from,
        settings.smtp_user,
        settings.smtp_password,
    )


def is_address(text: str) -> bool:
    """Return whether mail could be sent to ``text``; whether it arrives only sending shows."""
    return len(text) <= LONGEST and _ADDRESS.fullmatch(text) is not None


def in_domains(address: str, domains: Collection[str]) -> bool:
    """Return whether ``address`` is of one of ``domains``, as they are written; of none: always."""
    mine = address.rpartition("@")[2].lower().rstrip(".")
    return not domains or mine in {each.lower() for each in domains}


def domains_of(text: str) -> tuple[str, ...]:
    """Return the domains named in ``text``, parted by commas, blanks or lines.

    Raises PermanentError ``mail.bad_domain`` naming one that is none.
    """
    found = [
        each.strip().lstrip("@").rstrip(".").lower() for each in re.split(r"[\s,;，；]+", text)
    ]
    for each in filter(None, found):
        if not is_address(f"x@{each}"):
            raise PermanentError("mail.bad_domain", domain=each[:60])
    return tuple(dict.fromkeys(filter(None, found)))


def send(server: MailServer, mail: Mail) -> None:
    """Hand in one mail.

    Raises TransientError where it may go later: ``mail.away`` (no answer, or too late),
    ``mail.later`` (the server asks to wait); and ``mail.unsure`` where all of it was handed over
    and no answer came, so that sent again it might arrive twice. Raises PermanentError where a
    person must act: ``mail.bad_address``, ``mail.refused`` (its receiver), ``mail.not_taken`` (the
    mail itself, or our own address), ``mail.log_in``, ``mail.certificate``, ``mail.not_encrypted``.
    """
    with connected(server) as post:
        post.send(mail)


@contextmanager
def connected(server: MailServer) -> Iterator["Post"]:
    """Open one conversation for several mails; raises as ``send`` does."""
    with _said(server):
        post = Post(server, _connect(server))
    try:
        yield post
    finally:
        post.close()


class _Handing(smtplib.SMTP):
    """Knows whether the whole of a mail has left: from then on the server may have it."""

    handed_over = False
    _in_data = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Send the mail itself."""
        self._in_data = True
        try:
            return super().data(msg)
        finally:
            self._in_data = False

    def send(self, s: Any) -> None:
        """Send some bytes, of which a line with a dot ends a mail (RFC 5321, 4.1.1.4)."""
        super().send(s)
        if self._in_data and isinstance(s, bytes) and s.endswith(b"\r\n.\r\n"):
            self.handed_over = True


class _Plain(_Handing):
    """A conversation that begins unencrypted."""


class _Encrypted(_Handing, smtplib.SMTP_SSL):
    """A conversation that is encrypted from the start."""


class Post:
    """An open conversation with the server. After a refusal the next mail can be sent."""

    def __init__(self, server: MailServer, smtp: "_Plain | _Encrypted") -> None:
        self._server = server
        self._smtp = smtp

    def send(self, mail: Mail) -> None:
        """Hand in one mail; raises as ``mail.send`` does."""
        if not is_address(mail.to):
            raise PermanentError("mail.bad_address", address=mail.to)
        try:
            message = compose(self._server, mail)
        except (ValueError, MessageError) as error:
            raise PermanentError("mail.bad_address", address=mail.to) from error
        self._smtp.handed_over = False
        try:
            with _said(self._server, mail.to):
                self._smtp.send_message(message, self._server.sender, [mail.to])
        except TransientError as error:
            if self._smtp.handed_over and error.key == "mail.away":
                raise TransientError("mail.unsure", host=self._server.host) from error
            raise

    def close(self) -> None:
        """Say goodbye, where anybody still listens."""
        try:
            self._smtp.quit()
        except (smtplib.SMTPException, OSError):
            self._smtp.close()


def compose(server: MailServer, mail: Mail) -> EmailMessage:
    """Return the message as it is sent. Raises ValueError for a header with a line break in it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(server.name, addr_spec=server.sender)
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = formatdate(localtime=False)
    domain = server.sender.rpartition("@")[2]
    message["Message-ID"] = mail.message_id or make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    inside = [one for one in mail.enclosed if one.cid]
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
        html = message.get_body(("html",))
        for one in inside:
            main, _, sub = one.kind.partition("/")
            if isinstance(html, EmailMessage):
                html.add_related(one.content, main, sub, cid=f"<{one.cid}>")
    for one in mail.enclosed:
        if not one.cid:
            main, _, sub = one.kind.partition("/")
            message.add_attachment(one.content, main, sub, filename=one.name)
    return message


def _connect(server: MailServer) -> _Plain | _Encrypted:
    trusted = ssl.create_default_context()
    if server.security == "tls":
        smtp: _Plain | _Encrypted = _Encrypted(
            server.host, server.port, timeout=server.seconds, context=trusted
        )
    else:
        smtp = _Plain(server.host, server.port, timeout=server.seconds)
    try:
        if server.security == "starttls":
            smtp.starttls(context=trusted)
        if server.user:
            smtp.login(server.user, server.password or "")
    except BaseException:
        smtp.close()
        raise
    return smtp


@contextmanager
def _said(server: MailServer, address: str = "") -> Iterator[None]:
    """Turn what SMTP raises into what a person can act on."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, why = next(iter(error.recipients.values()))
        raise _refused(server, code, why, address) from error
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise TransientError(
                "mail.later", host=server.host, why=_text(error.smtp_error)
            ) from error
        raise PermanentError("mail.log_in", host=server.host) from error
    except smtplib.SMTPServerDisconnected as error:
        raise TransientError("mail.away", host=server.host, why=_text(error)) from error
    except smtplib.SMTPResponseException as error:
        raise _refused(server, error.smtp_code, error.smtp_error) from error
    except smtplib.SMTPNotSupportedError as error:
        if address:  # letters of the address that this server has no way to say
            raise PermanentError("mail.bad_address", address=address) from error
        raise PermanentError("mail.not_encrypted", host=server.host) from error
    except ssl.SSLCertVerificationError as error:
        raise PermanentError(
            "mail.certificate", host=server.host, why=error.verify_message
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError("mail.away", host=server.host, why=_text(error)) from error


def _refused(
    server: MailServer, code: int, why: bytes | str, address: str = ""
) -> TransientError | PermanentError:
    """Return what a refusal means: of ``address``, or of the mail itself where none is given."""
    said = _text(why)
    if code < 500:
        return TransientError("mail.later", host=server.host, why=said)
    if address:
        return PermanentError("mail.refused", host=server.host, address=address, why=said)
    return PermanentError("mail.not_taken", host=server.host, why=said)


def _text(why: bytes | str | BaseException) -> str:
    text = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
    return " ".join(text.split())[:_WHY] or type(why).__name__
