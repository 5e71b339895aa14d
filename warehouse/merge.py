"""The merge: staged rows of one file become current payments, history and sums.

One transaction. A key that is new is inserted. A version that is known is *sighted*: a later file
may state it again and raise its rank. Otherwise the versions of the key contend, and the highest
rank wins: export time, else the end of the stated period, then content hash. Losers are kept in
``payment_history``. Because the winner is a function of the set of versions alone, files may
come in any order, any split, any number of times.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from warehouse import sums
from warehouse.staging import COLUMNS

_SHARED = [name for name in COLUMNS if name != "line"]
_STORED = ["chain_id", "batch_id", "rank_at", "platform", "net", *_SHARED]
_FROM_STAGED = ", ".join(
    ["cast(:chain_id as bigint)", "cast(:batch_id as bigint)", "cast(:rank_at as timestamptz)"]
    + ["cast(:platform as text)", "s.gross - s.merchant_subsidy - s.fee"]
    + [f"s.{name}" for name in _SHARED]
)
STORED = ", ".join(_STORED)
EVER = datetime(1, 1, 1, tzinfo=UTC)
"""Before everything: from when a binding with no date holds, and how a file ranks that states
neither when it was exported nor for which period it is."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The file being merged: whose it is, which platform's, and how its versions rank."""

    chain_id: int
    batch_id: int
    platform: str
    rank_at: datetime


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """What became of the staged rows; ``mismatched`` are lines whose key was another identity's."""

    new: int = 0
    changed: int = 0
    same: int = 0
    mismatched: tuple[int, ...] = ()


def merge(
    connection: Connection,
    batch: Batch,
    staged: int,
    days: set[tuple[date, int]],
    *,
    overlap: bool = True,
) -> MergeCounts:
    """Merge ``pg_temp.staged`` (``staged`` rows) inside the caller's transaction.

    ``days`` are the business dates and stores of the staged rows. Without ``overlap`` no row is
    expected to be known; one that is costs time, nothing else.

    The caller holds the locks of the file's accounts. Store-days that change are recomputed last,
    so that what other imports committed meanwhile is in them.
    """
    _run(connection, "drop table if exists pg_temp.hit, pg_temp.touched, pg_temp.contested")
    _run(connection, "set local work_mem = '32MB'")
    sums.create_touched(connection)
    values = asdict(batch)
    known = 0
    if overlap:
        known = connection.execute(_HITS, values).rowcount
    if known:
        _run(connection, "analyze hit")
    inserted, twice = _insert(connection, values, known, staged)
    if twice:
        _run(connection, "drop table if exists pg_temp.hit")
        connection.execute(_HITS_BUT_OWN, values)
        _run(connection, "analyze hit")
    counts = MergeCounts(new=inserted)
    if inserted == staged:
        _touch(connection, days)
    else:
        counts = _settle_hits(connection, batch, staged, inserted)
    sums.recompute(connection, batch.chain_id)
    return counts


def drop_merged(connection: Connection, chain_id: int, batch_id: int) -> int:
    """Take from ``pg_temp.staged`` what the batch has in already; return how many rows went.

    For a batch that is taken up again. Where it was done and is tried again for the lines that it
    refused, nothing but those lines is left.
    """
    values = {"chain_id": chain_id, "batch_id": batch_id}
    return sum(connection.execute(one, values).rowcount for one in _DROP_MERGED)


def _insert(
    connection: Connection, values: dict[str, object], known: int, staged: int
) -> tuple[int, bool]:
    """Insert the rows whose key is not known yet.

    Returns how many there were, and whether one turned out to be known after all: by another file,
    or because this one names a key twice. That is rare, so the cheap way is tried first;
    ``on conflict`` costs half as much again.
    """
    if known == staged:
        return 0, False
    try:
        with connection.begin_nested():
            statement = _INSERT_NEW if known else _INSERT_ALL
            return connection.execute(statement, values).rowcount, False
    except IntegrityError:
        return connection.execute(_INSERT_ONCE, values).rowcount, True


def _settle_hits(connection: Connection, batch: Batch, staged: int, inserted: int) -> MergeCounts:
    values = asdict(batch)
    mismatched = connection.scalars(
        text("delete from hit where not same_identity returning line")
    ).all()
    if inserted:
        _run(
            connection,
            "insert into touched (business_date, store_id)"
            " select distinct business_date, store_id from staged s"
            " where not exists (select from hit h where h.key = s.key and h.line = s.line)",
        )
    connection.execute(_SIGHT_CURRENT, values)
    changed = connection.scalar(text("select count(*) from hit where not same_content")) or 0
    if changed:
        _contend(connection, batch)
    same = staged - inserted - changed - len(mismatched)
    return MergeCounts(inserted, changed, same, tuple(sorted(mismatched)))


def _touch(connection: Connection, days: set[tuple[date, int]]) -> None:
    dates, stores = zip(*days, strict=True) if days else ((), ())
    connection.execute(
        text(
            "insert into touched (business_date, store_id)"
            " select * from unnest(cast(:dates as date[]), cast(:stores as int[]))"
        ),
        {"dates": list(dates), "stores": list(stores)},
    )


def _contend(connection: Connection, batch: Batch) -> None:
    values = asdict(batch)
    _run(
        connection,
        "create temp table contested on commit drop as"
        " select distinct key from hit where not same_content",
    )
    _run(connection, "analyze contested")
    connection.execute(_LOCK, values)
    connection.execute(_SIGHT_HISTORY, values)
    connection.execute(_KEEP_NEW_VERSIONS, values)
    elect(connection, batch.chain_id, batch.batch_id)


def elect(connection: Connection, chain_id: int, batch_id: int | None) -> None:
    """Make the highest-ranked version of each key in temp table ``contested`` the current one.

    Adds the store-days of what changed to ``touched``.
    """
    values = {"chain_id": chain_id, "batch_id": batch_id}
    for statement in _ELECT:
        connection.execute(statement, values)


def _run(connection: Connection, statement: str) -> None:
    connection.execute(text(statement))


_INSERT_ALL = text(f"insert into payment ({STORED}) select {_FROM_STAGED} from staged s")
_INSERT_NEW = text(
    f"insert into payment ({STORED}) select {_FROM_STAGED} from staged s"
    " where not exists (select from hit h where h.key = s.key)"
)
_INSERT_ONCE = text(
    f"insert into payment ({STORED}) select {_FROM_STAGED} from staged s"
    " on conflict (chain_id, key) do nothing"
)

_DROP_MERGED = [
    *(
        text(
            f"""
            delete from staged s using {table} p
            where p.chain_id = :chain_id and p.batch_id = :batch_id
              and p.key = s.key and p.content_hash = s.content_hash
            """
        )
        for table in ("payment", "payment_history", "payment_sighting")
    ),
    # Of a very bad file not all refused lines are kept; then any line may be one of them.
    text(
        """
        delete from staged s using import_batch b
        where b.chain_id = :chain_id and b.batch_id = :batch_id and b.options ? 'retry'
          and b.rows_rejected <= (
              select count(*) from reject r where r.chain_id = :chain_id and r.batch_id = :batch_id)
          and not exists (
              select from reject r
              where r.chain_id = :chain_id and r.batch_id = :batch_id and r.line = s.line)
        """
    ),
]
_HIT = """
    create temp table hit on commit drop as
    select s.key, s.content_hash, s.line, p.batch_id as known_batch,
           p.content_hash = s.content_hash as same_content,
           p.platform = :platform and p.account_id = s.account_id and p.kind = s.kind
               and p.external_id = s.external_id and p.part = s.part as same_identity
    from staged s join payment p on p.chain_id = :chain_id and p.key = s.key
"""
_HITS = text(_HIT)
# After an insert that skipped a key's second mention: a row that merely meets itself is no hit.
_HITS_BUT_OWN = text(f"{_HIT} where p.batch_id <> :batch_id or p.content_hash <> s.content_hash")

# In order of key: the b-tree grows at one place after the other. A batch sights a version once.
_SIGHT_CURRENT = text(
    """
    insert into payment_sighting (chain_id, key, content_hash, batch_id, rank_at)
    select distinct cast(:chain_id as bigint), key, content_hash, cast(:batch_id as bigint),
           cast(:rank_at as timestamptz)
    from hit where same_content and known_batch <> :batch_id
    order by key, content_hash
    """
)

# Locked in key order, so that two imports that contend for the same keys queue and never deadlock.
_LOCK = text(
    """
    select count(*) from (
        select 1 from payment p join contested using (key) where p.chain_id = :chain_id
        order by key for update of p
    ) locked
    """
)

_SIGHT_HISTORY = text(
    """
    insert into payment_sighting (chain_id, key, content_hash, batch_id, rank_at)
    select distinct h.chain_id, h.key, h.content_hash, cast(:batch_id as bigint),
           cast(:rank_at as timestamptz)
    from staged s join contested using (key)
    join payment_history h on h.chain_id = :chain_id and h.key = s.key
        and h.content_hash = s.content_hash and h.occurred_at = s.occurred_at
    where h.batch_id <> :batch_id
    on conflict do nothing
    """
)

_KEEP_NEW_VERSIONS = text(
    f"""
    insert into payment_history ({STORED}, lost_to_batch)
    select distinct on (s.key, s.content_hash) {_FROM_STAGED}, p.batch_id
    from staged s join contested using (key)
    join payment p on p.chain_id = :chain_id and p.key = s.key
    join hit on hit.key = s.key and hit.line = s.line
    where p.content_hash <> s.content_hash
    order by s.key, s.content_hash, s.line
    on conflict do nothing
    """
)

_ELECT = [
    text("drop table if exists pg_temp.winner"),
    text(
        """
        create temp table winner on commit drop as
        with version as (
            select key, content_hash, rank_at
            from payment join contested using (key) where chain_id = :chain_id
            union all
            select key, content_hash, rank_at
            from payment_history join contested using (key) where chain_id = :chain_id
            union all
            select key, content_hash, rank_at
            from payment_sighting join contested using (key) where chain_id = :chain_id
        )
        select distinct on (key) key, content_hash from version
        order by key, rank_at desc, content_hash desc
        """
    ),
    text(
        """
        delete from winner w using payment p
        where p.chain_id = :chain_id and p.key = w.key and p.content_hash = w.content_hash
        """
    ),
    text("analyze winner"),
    text(
        """
        insert into touched (business_date, store_id)
        select business_date, store_id from payment join winner using (key)
        where chain_id = :chain_id
        union
        select business_date, store_id from payment_history join winner using (key, content_hash)
        where chain_id = :chain_id
        on conflict do nothing
        """
    ),
    text(
        f"""
        insert into payment_history ({STORED}, lost_to_batch)
        select {", ".join(f"p.{name}" for name in _STORED)}, cast(:batch_id as bigint)
        from payment p join winner using (key) where p.chain_id = :chain_id
        """
    ),
    text(
        f"""
        update payment p set ({STORED}) = ({", ".join(f"h.{name}" for name in _STORED)})
        from payment_history h join winner w on w.key = h.key and w.content_hash = h.content_hash
        where h.chain_id = :chain_id and p.chain_id = :chain_id and p.key = h.key
        """
    ),
    text(
        """
        delete from payment_history h using winner w
        where h.chain_id = :chain_id and h.key = w.key and h.content_hash = w.content_hash
        """
    ),
]
