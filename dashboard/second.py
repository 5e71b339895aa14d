"""The second factor: a code of the telephone at log-in, and codes on paper for when it is lost.

The secret is encrypted under the key that signs log-ins, so that a stolen backup gives no codes
(RFC 6238; a step of 30 seconds, one step of tolerance, no code twice).
"""

import hashlib
import hmac
import io
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import qrcode
from cryptography.fernet import Fernet, InvalidToken
from qrcode.image.svg import SvgPathImage
from sqlalchemy import Connection, text

from chain.errors import PermanentError
from warehouse.sealed import box
from warehouse.session import Warehouse

STEP = 30
CODES = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""No letter that looks like a number."""
_LENGTH = 16
"""Letters of a recovery code: 80 bits, so that a plain hash keeps it."""


@dataclass(frozen=True, slots=True)
class Second:
    """Second factors of the accounts of ``warehouse``; ``key`` is the settings' secret key."""

    warehouse: Warehouse
    key: str

    def on(self, user_id: int) -> bool:
        """Return whether a person is asked for a code."""
        with self.warehouse.directory() as connection:
            return connection.scalar(_SECRET, {"user": user_id}) is not None

    def left(self, user_id: int) -> int:
        """Return how many recovery codes are not used."""
        with self.warehouse.directory() as connection:
            return int(connection.scalar(_LEFT, {"user": user_id}) or 0)

    def turn_on(self, user_id: int, secret: str, code: str, now: datetime) -> list[str]:
        """Ask for codes of ``secret`` from now on; return the recovery codes, shown this once.

        Raises PermanentError ``people.second.wrong`` where ``code`` is not one of it.
        """
        step = _step(secret, code, now, None)
        if step is None:
            raise PermanentError("people.second.wrong")
        codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(CODES)]
        kept = self._fernet().encrypt(secret.encode()).decode()
        with self.warehouse.directory() as connection:
            connection.execute(_TURN_ON, {"user": user_id, "secret": kept, "step": step})
            connection.execute(_NO_CODES, {"user": user_id})
            rows = [{"user": user_id, "hash": _hash(user_id, each)} for each in codes]
            connection.execute(_CODE, rows)
        return ["-".join(re.findall("....", each)) for each in codes]

    def turn_off(self, user_id: int) -> None:
        """Ask for no code any more."""
        with self.warehouse.directory() as connection:
            connection.execute(_TURN_OFF, {"user": user_id})
            connection.execute(_NO_CODES, {"user": user_id})

    def right(self, connection: Connection, user_id: int, code: str, now: datetime) -> bool:
        """Use ``code`` up; return whether it was right. The person's row is to be locked before."""
        row = connection.execute(_TOTP, {"user": user_id}).one()
        bare = re.sub(r"[\s-]", "", code).upper()
        if not bare.isdigit():
            values = {"user": user_id, "hash": _hash(user_id, bare)}
            return connection.execute(_USE_CODE, values).rowcount == 1
        try:
            secret = self._fernet().decrypt(str(row.totp_secret).encode()).decode()
        except InvalidToken:  # the secret key is another one now: the codes on paper still work
            return False
        step = _step(secret, bare, now, row.totp_step)
        if step is not None:
            connection.execute(_USED, {"user": user_id, "step": step})
        return step is not None

    def _fernet(self) -> Fernet:
        return box(self.key, "second factor")


def new_secret() -> str:
    """Return a new secret, in the letters that an app takes by hand."""
    return pyotp.random_base32()


def picture(secret: str, email: str) -> str:
    """Return the QR code that an app reads, as SVG."""
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Tillboard")
    drawn = qrcode.make(address, image_factory=SvgPathImage, border=2)
    out = io.BytesIO()
    drawn.save(out)
    svg = out.getvalue().decode()
    return svg[svg.index("<svg") :]


def _step(secret: str, code: str, now: datetime, last: int | None) -> int | None:
    """Return the time step that ``code`` is of, None for a wrong one and for one used before."""
    totp = pyotp.TOTP(secret, interval=STEP)
    current = int(now.timestamp()) // STEP
    for step in (current - 1, current, current + 1):
        known = totp.at(step * STEP)
        if hmac.compare_digest(known, code.strip()) and (last is None or step > last):
            return step
    return None


def _hash(user_id: int, code: str) -> bytes:
    return hashlib.sha256(f"{user_id} {code}".encode()).digest()


_SECRET = text("select totp_secret from directory.app_user where user_id = :user")
_TOTP = text("select totp_secret, totp_step from directory.app_user where user_id = :user")
_LEFT = text("select count(*) from directory.recovery_code where user_id = :user")
_TURN_ON = text(
    "update directory.app_user set totp_secret = :secret, totp_step = :step where user_id = :user"
)
_TURN_OFF = text(
    "update directory.app_user set totp_secret = null, totp_step = null where user_id = :user"
)
_USED = text("update directory.app_user set totp_step = :step where user_id = :user")
_NO_CODES = text("delete from directory.recovery_code where user_id = :user")
_CODE = text("insert into directory.recovery_code (user_id, code_hash) values (:user, :hash)")
_USE_CODE = text("delete from directory.recovery_code where user_id = :user and code_hash = :hash")
