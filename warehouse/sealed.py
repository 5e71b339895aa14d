"""Secrets at rest: encrypted under the key that signs log-ins, so that a stolen backup has none."""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet


def box(key: str, purpose: str) -> Fernet:
    """Return what seals secrets of one ``purpose``; ``key`` is the settings' secret key."""
    derived = hmac.digest(key.encode(), f"tillboard {purpose}".encode(), hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(derived))
