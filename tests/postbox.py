"""A real SMTP server in the test: it parses what it is handed, and refuses what it is told to."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reports.mail import MailServer, Security

USER, PASSWORD = "board", "letters and digits"


@dataclass
class Postbox:
    """What came in, and how the server answers. ``answers`` has a reply by receiver."""

    mails: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    encrypted: list[bool] = field(default_factory=list)

    def server(self, **changes: Any) -> MailServer:
        """Return how to reach it."""
        values: dict[str, Any] = {
            "host": "localhost",
            "port": self.port,
            "security": "none",
            "sender": "board@example.com",
            "seconds": 5.0,
        }
        return MailServer(**values | changes)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take the receiver, or answer as told."""
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep the mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        transport = server.transport
        assert transport is not None
        self.encrypted.append(transport.get_extra_info("sslcontext") is not None)
        return "250 kept"


@contextmanager
def postbox(
    security: Security = "none", *, keys: tuple[Path, Path] | None = None, log_in: bool = False
) -> Iterator[Postbox]:
    """Open a server for the block; ``keys`` are certificate and key where it is encrypted."""
    box = Postbox()
    context = None
    if keys:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*keys)
    given: dict[str, Any] = {}
    if security == "tls":
        given["ssl_context"] = context
    if security == "starttls":
        given |= {"tls_context": context, "require_starttls": True}
    if log_in:
        given |= {
            "authenticator": _known,
            "auth_required": True,
            "auth_require_tls": True,
        }
    with socket.socket() as free:
        free.bind(("localhost", 0))
        box.port = free.getsockname()[1]
    controller = Controller(box, hostname="localhost", port=box.port, **given)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def silent_after_data() -> Iterator[int]:
    """Open a server that speaks SMTP up to the dot that ends a mail, and then not a word."""
    ended = threading.Event()

    def serve(listening: socket.socket) -> None:
        listening.settimeout(10)
        talk, _ = listening.accept()
        with talk, talk.makefile("rwb") as lines:
            lines.write(b"220 hello\r\n")
            lines.flush()
            in_data = False
            for line in lines:
                if in_data and line == b".\r\n":
                    ended.wait(10)
                    return
                if in_data:
                    continue
                in_data = line.upper().startswith(b"DATA")
                lines.write(b"354 go on\r\n" if in_data else b"250 fine\r\n")
                lines.flush()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            thread.join()


def _known(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: Any
) -> AuthResult:
    right = isinstance(auth_data, LoginPassword) and (
        (auth_data.login, auth_data.password) == (USER.encode(), PASSWORD.encode())
    )
    return AuthResult(success=right, handled=False)


def make_keys(directory: Path) -> tuple[Path, Path]:
    """Write a certificate for ``localhost`` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = directory / "certificate.pem", directory / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
