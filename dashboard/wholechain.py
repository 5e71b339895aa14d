"""The chain as a whole, as its owner may take it along or remove it; both twice confirmed."""

from datetime import datetime, timedelta

from chain.errors import PermanentError
from dashboard.frame import Board, Here
from dashboard.people import check_password
from warehouse import exports
from warehouse.wholechain import removal
from warehouse.wholechain.removal import Removal


def allow(here: Here) -> None:
    """Raise PermanentError where the reader is no owner of the whole chain."""
    if not here.may("people") or here.scope.store_ids is not None:
        raise PermanentError("wholechain.not_allowed")


def confirm(board: Board, here: Here, name: str | None, password: str | None) -> None:
    """Raise PermanentError where the name is not the chain's, or the password not the owner's."""
    allow(here)
    if (name or "").strip() != here.reads.chain().name.strip():
        raise PermanentError("wholechain.other_name", name=here.reads.chain().name)
    check_password(board.warehouse, here.person.user_id, password or "")


def take_along(board: Board, here: Here, name: str | None, password: str | None) -> None:
    """Have the archive of the chain made; it is watched and fetched where exports are."""
    confirm(board, here, name, password)
    with board.warehouse.begin(here.scope) as connection:
        export_id = exports.add(
            connection,
            here.scope,
            here.person.user_id,
            what=exports.CHAIN,
            query={},
            lang=here.lang,
            request_id=here.request_id,
        )
    board.jobs.export(here.scope.chain_id, export_id)


def remove(board: Board, here: Here, name: str | None, password: str | None) -> datetime:
    """Have the chain removed after the days of grace; return when."""
    confirm(board, here, name, password)
    return removal.ask(board.warehouse, here.scope, timedelta(days=board.settings.removal_days))


def keep(board: Board, here: Here) -> None:
    """Call the removal off."""
    allow(here)
    removal.call_off(board.warehouse, here.scope)


def asked(board: Board, here: Here) -> Removal | None:
    """Return the removal that was asked for."""
    with board.warehouse.begin(here.scope) as connection:
        return removal.pending(connection, here.scope.chain_id)
