"""Undo one batch, or give it up: the warehouse is as if the file had never come."""

from sqlalchemy import Connection, text

from chain.errors import PermanentError, TillboardError
from warehouse import batches, locks, sums
from warehouse.merge import STORED, elect


def undo(connection: Connection, chain_id: int, batch_id: int) -> int:
    """Take back a batch that is done, in the caller's transaction; return how many keys it touched.

    A version that another batch stated too stays, and from then on counts as that batch's; of
    what is left the highest rank wins again. The batch itself stays on record as undone. Raises
    PermanentError where there is no such batch or it is not done, TransientError while an import
    of one of its accounts is at work.
    """
    batch = batches.get(connection, chain_id, batch_id)
    if batch["state"] != "done":
        raise PermanentError("warehouse.batch_not_undoable", batch=batch_id, state=batch["state"])
    for account in _accounts(connection, chain_id, batch_id):
        locks.hold_transaction(connection, locks.Lock.ACCOUNT, account)
    touched = _take_back(connection, chain_id, batch_id)
    connection.execute(
        text(
            "update import_batch set state = 'undone', updated_at = clock_timestamp()"
            " where chain_id = :chain_id and batch_id = :batch_id"
        ),
        {"chain_id": chain_id, "batch_id": batch_id},
    )
    return touched


def give_up(
    connection: Connection, chain_id: int, batch_id: int, state: str, error: TillboardError
) -> None:
    """End a batch as ``failed`` or ``quarantined``, and take back all that it brought until then.

    That is places and accounts, and of a large file a part that was merged. What is in of a batch
    that is only tried again for the lines it refused stays. An import gives up in the session that
    holds its accounts. Raises TransientError where another session has one of them.
    """
    batch = batches.get(connection, chain_id, batch_id)
    if "retry" not in batch["options"]:
        for account in _accounts(connection, chain_id, batch_id):
            locks.hold_transaction(connection, locks.Lock.ACCOUNT, account)
        if batch["parts"]:
            _take_back(connection, chain_id, batch_id)
        _forget_places(connection, chain_id, batch_id)
    batches.fail(connection, chain_id, batch_id, state, error)


def _take_back(connection: Connection, chain_id: int, batch_id: int) -> int:
    values: dict[str, object] = {"chain_id": chain_id, "batch_id": batch_id}
    connection.execute(
        text("drop table if exists pg_temp.contested, pg_temp.touched, pg_temp.winner")
    )
    sums.create_touched(connection)
    connection.execute(_CONTESTED, values)
    connection.execute(text("analyze contested"))
    touched = connection.scalar(text("select count(*) from contested")) or 0
    connection.execute(_FORGET_SIGHTINGS, values)
    for statement in (_HAND_OVER_CURRENT, _HAND_OVER_HISTORY, _DROP_HANDED_SIGHTINGS):
        connection.execute(statement, values)
    connection.execute(_FORGET_HISTORY, values)
    for statement in _REPLACE_CURRENT:
        connection.execute(statement, values)
    elect(connection, chain_id, None)
    sums.recompute(connection, chain_id)
    for statement in _FORGET_THE_REST:
        connection.execute(statement, values)
    _forget_places(connection, chain_id, batch_id)
    return touched


def _accounts(connection: Connection, chain_id: int, batch_id: int) -> list[int]:
    values = {"chain_id": chain_id, "batch_id": batch_id}
    return list(connection.scalars(_ACCOUNTS, values))


def _forget_places(connection: Connection, chain_id: int, batch_id: int) -> None:
    """Remove places of the batch's accounts that nothing was taken at, and what hung on them."""
    values: dict[str, object] = {"chain_id": chain_id, "batch_id": batch_id}
    if accounts := _accounts(connection, chain_id, batch_id):
        for statement in _FORGET_PLACES:
            connection.execute(statement, {**values, "accounts": accounts})


_CONTESTED = text(
    """
    create temp table contested on commit drop as
    select key from payment where chain_id = :chain_id and batch_id = :batch_id
    union
    select key from payment_history where chain_id = :chain_id and batch_id = :batch_id
    union
    select key from payment_sighting where chain_id = :chain_id and batch_id = :batch_id
    """
)
_FORGET_SIGHTINGS = text(
    "delete from payment_sighting where chain_id = :chain_id and batch_id = :batch_id"
)
# The earliest other batch that stated the version takes it over.
_HEIR = """
    (select distinct on (s.key, s.content_hash) s.key, s.content_hash, s.batch_id, s.rank_at
     from payment_sighting s join contested using (key) where s.chain_id = :chain_id
     order by s.key, s.content_hash, s.batch_id) heir
"""
_HAND_OVER_CURRENT = text(
    f"""
    update payment p set batch_id = heir.batch_id, rank_at = heir.rank_at
    from {_HEIR}
    where p.chain_id = :chain_id and p.batch_id = :batch_id
      and p.key = heir.key and p.content_hash = heir.content_hash
    """
)
_HAND_OVER_HISTORY = text(
    f"""
    update payment_history h set batch_id = heir.batch_id, rank_at = heir.rank_at
    from {_HEIR}
    where h.chain_id = :chain_id and h.batch_id = :batch_id
      and h.key = heir.key and h.content_hash = heir.content_hash
    """
)
_DROP_HANDED_SIGHTINGS = text(
    """
    delete from payment_sighting s using (
        select key, content_hash, batch_id from payment join contested using (key)
        where chain_id = :chain_id
        union all
        select key, content_hash, batch_id from payment_history join contested using (key)
        where chain_id = :chain_id
    ) v
    where s.chain_id = :chain_id and s.key = v.key and s.content_hash = v.content_hash
      and s.batch_id = v.batch_id
    """
)
_FORGET_HISTORY = text(
    "delete from payment_history where chain_id = :chain_id and batch_id = :batch_id"
)
# A current version of the batch alone goes; any version left in history stands in for it until
# the election, so that each key has a current version or none at all.
_REPLACE_CURRENT = [
    text(
        """
        insert into touched (business_date, store_id)
        select distinct business_date, store_id from payment
        where chain_id = :chain_id and batch_id = :batch_id
        on conflict do nothing
        """
    ),
    text(
        """
        create temp table standin on commit drop as
        select distinct on (h.key) h.* from payment_history h
        join payment p on p.chain_id = h.chain_id and p.key = h.key and p.batch_id = :batch_id
        where h.chain_id = :chain_id order by h.key, h.content_hash
        """
    ),
    text("delete from payment where chain_id = :chain_id and batch_id = :batch_id"),
    text("alter table standin drop column lost_at, drop column lost_to_batch"),
    text(
        """
        delete from payment_history h using standin s
        where h.chain_id = :chain_id and h.key = s.key and h.content_hash = s.content_hash
        """
    ),
    text(f"insert into payment ({STORED}) select {STORED} from standin"),
    text(
        """
        insert into touched (business_date, store_id)
        select distinct business_date, store_id from standin
        on conflict do nothing
        """
    ),
]
_FORGET_THE_REST = [
    text("delete from reject where chain_id = :chain_id and batch_id = :batch_id"),
    text(
        "update import_batch set parts = '{}' where chain_id = :chain_id and batch_id = :batch_id"
    ),
]
_ACCOUNTS = text(
    """
    select account_id from place where chain_id = :chain_id and batch_id = :batch_id
    union
    select a::bigint from import_batch, jsonb_array_elements(account_ids) a
    where chain_id = :chain_id and batch_id = :batch_id
    order by account_id
    """
)
_FORGET_PLACES = [
    text(
        """
        delete from place p
        where p.chain_id = :chain_id and p.account_id = any(:accounts) and p.batch_id <> 0
          and not exists (select from payment y
                          where y.chain_id = p.chain_id and y.place_id = p.place_id)
          and not exists (select from payment_history y
                          where y.chain_id = p.chain_id and y.place_id = p.place_id)
        """
    ),
    text(
        """
        delete from store_binding b
        where b.chain_id = :chain_id and b.account_id = any(:accounts) and b.created_by = 0
          and not exists (
              select from place p where p.chain_id = b.chain_id
              and p.account_id = b.account_id and p.store_ref = b.ref)
        """
    ),
    text(
        """
        delete from account a
        where a.chain_id = :chain_id and a.account_id = any(:accounts)
          and not exists (select from place p
                          where p.chain_id = a.chain_id and p.account_id = a.account_id)
          and not exists (select from store_binding b
                          where b.chain_id = a.chain_id and b.account_id = a.account_id)
        """
    ),
]
