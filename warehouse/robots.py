"""Webhooks of group robots at rest: sealed, since whoever has one can write into the group."""

import json
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken

from chain.errors import PermanentError
from warehouse.sealed import box

PURPOSE = "group robot"


@dataclass(frozen=True, slots=True)
class Webhook:
    """The address of a robot, and the secret that signs what it says, if it has one."""

    address: str = field(repr=False)
    secret: str = field(default="", repr=False)


def seal(key: str, webhook: Webhook) -> str:
    """Return the webhook as it is kept; ``key`` is the settings' secret key."""
    kept = json.dumps([webhook.address, webhook.secret])
    return box(key, PURPOSE).encrypt(kept.encode()).decode()


def unseal(key: str, kept: str) -> Webhook:
    """Return what was sealed. Raises PermanentError ``digests.robot_lost`` under another key."""
    try:
        address, secret = json.loads(box(key, PURPOSE).decrypt(kept.encode()))
    except InvalidToken:
        raise PermanentError("digests.robot_lost") from None
    return Webhook(str(address), str(secret))
