"""Personal data whose time is up: taken away in chunks, without changing a sum."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

from chain.errors import PermanentError
from chain.retention import KINDS, MOST
from warehouse.directory.members import note
from warehouse.session import Scope, Warehouse
from warehouse.wholechain.tables import person_tables


def rules(connection: Connection, chain_id: int) -> dict[str, int]:
    """Return the days that each kind is kept: the chain's own, else the default."""
    own = {
        str(row.kind): int(row.days)
        for row in connection.execute(_RULES, {"chain": chain_id})
        if row.kind in KINDS
    }
    return {kind: own.get(kind, known.days) for kind, known in KINDS.items()}


def set_rules(warehouse: Warehouse, scope: Scope, days: Mapping[str, int]) -> None:
    """Say how long the chain keeps each kind; an owner's.

    Raises PermanentError ``privacy.days`` for a kind that may not be kept so short or so long.
    """
    for kind, known in KINDS.items():
        if not known.least <= days[kind] <= MOST:
            raise PermanentError("privacy.days", least=known.least, most=MOST)
    with warehouse.begin(scope) as connection:
        for kind in KINDS:
            values = {"chain": scope.chain_id, "kind": kind, "days": days[kind]}
            connection.execute(_SET, values | {"user": scope.user_id})
        note(connection, scope, "retention", scope.chain_id, dict(days))


def clear_some(connection: Connection, kind: str, chain_id: int, days: int, most: int) -> int:
    """Take away at most ``most`` of what is older; return how many rows that were.

    Payers and refused lines lose what is personal and stay as rows; all else goes.
    """
    values = {"chain": chain_id, "days": days, "most": most}
    return sum(_count(connection, statement, values) for statement in _CLEAR[kind])


def forget(warehouse: Warehouse, email: str) -> tuple[int, ...]:
    """Delete a person's account and what names them, in all chains; return those chains.

    What they did stays written down under a number that leads to nobody. Raises PermanentError
    ``privacy.nobody`` where nobody has this address, ``privacy.last_owner`` where a chain would be
    left without an owner.
    """
    with warehouse.directory() as connection:
        person = connection.execute(_PERSON, {"email": email}).one_or_none()
        values = {"email": email, "user": person.user_id if person else None}
        chains = tuple(connection.scalars(_CHAINS, values))
        if person is None and not chains:
            raise PermanentError("privacy.nobody", email=email)
        alone = connection.scalars(_ALONE, values).all()
        if alone:
            raise PermanentError("privacy.last_owner", names=", ".join(map(str, alone)))
    # Chain by chain first, the account last: killed between them, it is found and gone on with.
    for chain_id in _all_chains(warehouse):
        with warehouse.begin(Scope(chain_id)) as connection:
            for statement in _IN_A_CHAIN:
                connection.execute(statement, values | {"chain": chain_id})
    with warehouse.directory() as connection:
        connection.execute(_INVITED, values)
        for table in person_tables():
            query = text(f"delete from {table.fullname} where user_id = cast(:user as bigint)")
            connection.execute(query, values)
    return chains


def only_here(connection: Connection, scope: Scope, user_id: int) -> str | None:
    """Return a person's address where they are in this chain alone.

    In a transaction of no chain. None for anybody else, and for who is not in the chain.
    """
    found = connection.scalar(_ONLY_HERE, {"chain": scope.chain_id, "user": user_id})
    return None if found is None else str(found)


def _all_chains(warehouse: Warehouse) -> list[int]:
    with warehouse.directory() as connection:
        return list(connection.scalars(text("select chain_id from directory.chain order by 1")))


def _count(connection: Connection, statement: str, values: dict[str, int]) -> int:
    done = connection.execute(text(statement), values)
    return int(done.scalar_one() or 0) if "clear_audit" in statement else done.rowcount


_OLD = "make_interval(days => :days)"
_CLEAR: dict[str, tuple[str, ...]] = {
    "payers": tuple(
        f"""
        update {table} t set payer_hash = null from (
            select {keys} from {table} where chain_id = :chain and payer_hash is not null
              and occurred_at < now() - {_OLD} limit :most
        ) o where {" and ".join(f"t.{key} = o.{key}" for key in keys.split(", "))}
        """
        for table, keys in (
            ("payment", "chain_id, key"),
            ("payment_history", "chain_id, key, content_hash, occurred_at"),
        )
    ),
    "rejects": (
        f"""
        update reject r set raw = '', params = '{{}}' from (
            select r.chain_id, r.batch_id, r.line from reject r
            join import_batch b on b.chain_id = r.chain_id and b.batch_id = r.batch_id
            where r.chain_id = :chain and r.raw <> '' and b.created_at < now() - {_OLD}
            limit :most
        ) o where r.chain_id = o.chain_id and r.batch_id = o.batch_id and r.line = o.line
        """,
    ),
    "audit": (f"select clear_audit(now() - {_OLD}, :most)",),
    "sessions": (
        f"""
        delete from directory.session where session_id in (
            select session_id from directory.session
            where chain_id = :chain and ends_at < now() and seen_at < now() - {_OLD} limit :most)
        """,
    ),
    "invitations": (
        f"""
        delete from directory.invitation where invitation_id in (
            select invitation_id from directory.invitation
            where chain_id = :chain and ends_at < now() - {_OLD} limit :most)
        """,
    ),
}
_RULES = text("select kind, days from retention where chain_id = :chain")
_SET = text(
    """
    insert into retention (chain_id, kind, days, set_by) values (:chain, :kind, :days, :user)
    on conflict (chain_id, kind) do update
        set days = excluded.days, set_by = excluded.set_by, set_at = now()
    """
)
_PERSON = text("select user_id from directory.app_user where lower(email) = lower(:email)")
_CHAINS = text(
    "select chain_id from directory.membership where user_id = cast(:user as bigint) union"
    " select chain_id from directory.invitation where lower(email) = lower(:email) order by 1"
)
_ALONE = text(
    """
    select c.name from directory.membership m join directory.chain c on c.chain_id = m.chain_id
    where m.user_id = cast(:user as bigint) and m.role = 'owner' and not exists (
        select from directory.membership o
        where o.chain_id = m.chain_id and o.user_id <> m.user_id and o.role = 'owner')
    order by c.name
    """
)
_ONLY_HERE = text(
    """
    select u.email from directory.app_user u
    join directory.membership m on m.user_id = u.user_id
    where u.user_id = :user and m.chain_id = :chain and not exists (
        select from directory.membership o
        where o.user_id = m.user_id and o.chain_id <> m.chain_id)
    """
)
_THEIRS = (
    "chain_id = :chain and subscription_id in (select subscription_id from subscription"
    " where chain_id = :chain and user_id = cast(:user as bigint))"
)
_IN_A_CHAIN = (
    text(f"delete from delivery where {_THEIRS}"),
    text(f"delete from directory.unsubscribe where {_THEIRS}"),
    *(
        text(f"delete from {table} where chain_id = :chain and user_id = cast(:user as bigint)")
        for table in ("subscription", "export_schedule")
    ),
    text("update export set expires_at = now() where chain_id = :chain"
         " and user_id = cast(:user as bigint) and state in ('done', 'failed')"),
    text("select forget_in_audit(:email)"),
)  # fmt: skip
_INVITED = text("delete from directory.invitation where lower(email) = lower(:email)")
