"""The five roles of people, and what each may do beside looking."""

from typing import Literal, get_args

Role = Literal["owner", "finance", "regional", "store", "viewer"]
Right = Literal["import", "export", "people", "plan", "note", "tokens", "tell"]

ROLES: tuple[str, ...] = get_args(Role)
BOUNDED = frozenset({"regional", "store"})
"""Roles that see the stores they are given and never all; the others see all unless they are
given some."""
_RIGHTS: dict[str, frozenset[Right]] = {
    "owner": frozenset(get_args(Right)),
    "finance": frozenset({"import", "export", "plan", "note", "tokens", "tell"}),
    "regional": frozenset({"export", "plan", "note"}),
    "store": frozenset({"export", "note"}),
    "viewer": frozenset(),
}


def may(role: str, right: Right) -> bool:
    """Return whether ``role`` has ``right``; a role that is not known has none.

    ``import`` is to bring money in and to set up stores, ``export`` to take figures out as files,
    ``people`` to invite and to revoke, ``plan`` to set targets and days of the calendar, ``note``
    to write notes on days; of all of them within the stores that one sees. ``tokens`` is to let
    programs read, ``tell`` to have others told of alerts.
    """
    return right in _RIGHTS.get(role, frozenset())


ApiScope = Literal["stores", "figures", "payments", "forecast", "imports"]
API_SCOPES: tuple[str, ...] = get_args(ApiScope)
"""What a token of the read API may be allowed to read."""
