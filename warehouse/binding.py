"""Binding: which store a platform's store, terminal or operator id is, and the past that moves."""

from datetime import date

from sqlalchemy import Connection, text

from chain.days import DayRule
from chain.errors import PermanentError
from warehouse import locks, sums
from warehouse.merge import EVER


def bind(
    connection: Connection,
    *,
    account_id: int,
    ref_kind: str,
    ref: str,
    store_id: int,
    from_date: date | None = None,
    user_id: int | None = None,
) -> int:
    """Bind ``ref`` to a store from ``from_date`` (from ever, if None); return payments moved.

    ``ref_kind`` is terminal, operator, store, or account (``ref`` '' then). Past payments move in
    the same transaction, with their business dates, and the sums of every day that lost or gained
    are computed again. Raises PermanentError for an unknown store or account, TransientError
    while an import of the account is at work.
    """
    locks.hold_transaction(connection, locks.Lock.ACCOUNT, account_id)
    chain_id = connection.scalar(
        text("select chain_id from account where account_id = :account"), {"account": account_id}
    )
    store = connection.execute(_STORE, {"store": store_id}).one_or_none()
    if chain_id is None or store is None:
        raise PermanentError("warehouse.store_missing")
    rule = DayRule(store.time_zone, store.cutover_hour)
    values = {
        "chain_id": chain_id,
        "account": account_id,
        "kind": ref_kind,
        "ref": ref,
        "store": store_id,
        "from_at": EVER if from_date is None else rule.starts(from_date),
        "user": user_id,
    }
    connection.execute(_BIND, values)
    connection.execute(_AUDIT, {**values, "from_at": _stated(from_date)})
    return rederive(connection, chain_id, account_id)


def _stated(day: date | None) -> str:
    return "ever" if day is None else day.isoformat()


def rederive(connection: Connection, chain_id: int, account_id: int) -> int:
    """Give each payment of the account the store and business date that its place has now.

    Returns how many current payments moved. The rule of ``etl.staged.business_date``, in SQL.
    """
    values = {"chain_id": chain_id, "account": account_id}
    connection.execute(text("drop table if exists pg_temp.touched, pg_temp.moved"))
    sums.create_touched(connection)
    moved = connection.execute(_MOVED, values).rowcount
    connection.execute(_TOUCH, values)
    connection.execute(_MOVE, values)
    connection.execute(_MOVE_HISTORY, values)
    sums.recompute(connection, chain_id)
    return moved


_STORE = text("select time_zone, cutover_hour from store where store_id = :store")
_BIND = text(
    """
    insert into store_binding (chain_id, account_id, ref_kind, ref, store_id, from_at, created_by)
    values (:chain_id, :account, :kind, :ref, :store, :from_at, :user)
    on conflict (chain_id, account_id, ref_kind, ref, from_at)
    do update set store_id = excluded.store_id, created_by = excluded.created_by
    """
)
_AUDIT = text(
    """
    insert into audit_log (chain_id, user_id, action, subject, detail)
    values (:chain_id, :user, 'bind', cast(:kind as text) || ':' || cast(:ref as text),
            jsonb_build_object('account', cast(:account as bigint),
                               'store', cast(:store as bigint),
                               'from', cast(:from_at as text)))
    """
)
_NOW = """
    {table} p join place_store ps on ps.chain_id = p.chain_id and ps.place_id = p.place_id
        and p.occurred_at >= ps.from_at and p.occurred_at < ps.to_at
    where p.chain_id = :chain_id and p.account_id = :account
      and (p.store_id, p.business_date) is distinct from (ps.store_id, {day})
"""
_DAY = "((p.occurred_at at time zone ps.time_zone) - make_interval(hours => ps.cutover_hour))::date"
_MOVED = text(
    f"""
    create temp table moved on commit drop as
    select p.key, p.business_date as old_date, p.store_id as old_store,
           {_DAY} as business_date, ps.store_id
    from {_NOW.format(table="payment", day=_DAY)}
    """
)
_TOUCH = text(
    """
    insert into touched (business_date, store_id)
    select old_date, old_store from moved union select business_date, store_id from moved
    """
)
_MOVE = text(
    """
    update payment p set store_id = m.store_id, business_date = m.business_date
    from moved m where p.chain_id = :chain_id and p.key = m.key
    """
)
_MOVE_HISTORY = text(
    f"""
    update payment_history h set store_id = n.store_id, business_date = n.business_date
    from (select p.key, p.content_hash, {_DAY} as business_date, ps.store_id
          from {_NOW.format(table="payment_history", day=_DAY)}) n
    where h.chain_id = :chain_id and h.key = n.key and h.content_hash = n.content_hash
    """
)
