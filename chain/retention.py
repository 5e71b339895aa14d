"""How long personal data is kept: the kinds there are, and the days where a chain says nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of personal data; ``days`` is the default, ``least`` what a chain may go down to."""

    days: int
    least: int


KINDS: dict[str, Kind] = {
    "payers": Kind(730, 30),
    "rejects": Kind(90, 1),
    "audit": Kind(1095, 90),
    "sessions": Kind(30, 1),
    "invitations": Kind(30, 1),
}
"""Keyed hashes of payers' ids; raw lines that were refused; who changed what; devices of log-ins
that have ended; invitations that nobody followed."""
MOST = 36500
"""Days that are as good as for ever."""
