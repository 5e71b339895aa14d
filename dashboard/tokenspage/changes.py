"""What the Tokens page changes."""

from dataclasses import dataclass

from chain.errors import PermanentError
from chain.roles import API_SCOPES
from dashboard.frame import Board, Here
from warehouse.directory import tokens
from warehouse.directory.tokens import Wanted

DAYS = ("30", "90", "365")
NAME_MAX = 60


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was sent."""

    name: str
    scopes: list[str]
    regions: list[str]
    stores: list[str]
    days: str


def allow(here: Here) -> None:
    """Raise PermanentError where the reader may not make tokens."""
    if not here.may("tokens"):
        raise PermanentError("tokens.not_allowed")


def make(board: Board, here: Here, typed: Typed) -> str:
    """Make a token and return its secret.

    Raises PermanentError where something is not right; nothing is made then.
    """
    allow(here)
    name = typed.name.strip()[:NAME_MAX]
    if not name:
        raise PermanentError("tokens.no_name")
    scopes = tuple(each for each in API_SCOPES if each in typed.scopes)
    if not scopes:
        raise PermanentError("tokens.no_scopes")
    if typed.days not in DAYS:
        raise PermanentError("tokens.bad_days")
    regions = _known(typed.regions, here.reads.regions()["region_id"])
    stores = _known(typed.stores, here.reads.stores()["store_id"])
    bounded = bool(typed.regions or typed.stores)
    if bounded and "imports" in scopes:
        raise PermanentError("tokens.imports_all")
    # What was asked for and is not there bounds all the same: it must not become everything.
    wanted = Wanted(
        name,
        scopes,
        int(typed.days),
        regions if bounded else None,
        stores if bounded else None,
    )
    return tokens.make(board.warehouse, here.scope, wanted)


def revoke(board: Board, here: Here, token_id: int) -> str:
    """End a token and return its name."""
    allow(here)
    return tokens.revoke(board.warehouse, here.scope, token_id)


def _known(asked: list[str], known: object) -> tuple[int, ...]:
    """Return the numbers asked for that the reader sees."""
    there = {int(number) for number in known}  # type: ignore[attr-defined]
    return tuple(sorted(there & {int(number) for number in asked if number.isdecimal()}))
