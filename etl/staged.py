"""From canonical rows to staged rows: keys, content hashes, places, stores, business dates."""

from collections.abc import Callable

import polars as pl
import polars_hash as plh
from sqlalchemy import Connection

from warehouse.places import PlaceRef, account_id, add_places, timeline

_SEPARATOR = "\x1f"
_CONTENT = (
    "kind",
    "currency",
    "method",
    "channel",
    "via",
    "order_ref",
    "original_external_id",
    "store_ref",
    "terminal_ref",
    "operator_ref",
)
_CONTENT_NUMBERS = ("gross", "platform_subsidy", "merchant_subsidy", "fee")
_PLACE = ["store_ref", "terminal_ref", "operator_ref"]


class Stager:
    """Turns the chunks of one file into rows for ``warehouse.staging``.

    ``connect`` opens a transaction of the file's chain; ``lock`` is called with the id of each
    account before any of its rows is resolved, so that bindings cannot move meanwhile.
    """

    def __init__(
        self,
        *,
        chain_id: int,
        batch_id: int,
        platform: str,
        payer_key: str,
        connection: Connection,
        lock: Callable[[int], None],
    ) -> None:
        self._chain_id = chain_id
        self._batch_id = batch_id
        self._platform = platform
        self._payer_key = payer_key
        self._connection = connection
        self._lock = lock
        self._accounts: dict[str, int] = {}
        self._timelines: dict[int, pl.DataFrame] = {}

    @property
    def account_ids(self) -> list[int]:
        """The accounts seen so far."""
        return sorted(self._accounts.values())

    def stage(self, rows: pl.DataFrame, labels: dict[str, str]) -> pl.DataFrame:
        """Return ``rows`` (canonical) with what staging needs beside them.

        ``labels`` names the accounts; a personal account's ref comes hashed already.
        """
        parts = [
            self._stage_account(part, str(ref), labels.get(str(ref), ""))
            for (ref,), part in rows.partition_by(
                "account_ref", as_dict=True, maintain_order=True
            ).items()
        ]
        return pl.concat(parts) if len(parts) != 1 else parts[0]

    def _stage_account(self, rows: pl.DataFrame, ref: str, label: str) -> pl.DataFrame:
        account = self._account(ref, label)
        placed = self._place(rows, account)
        hashed = placed.with_columns(
            pl.lit(account, pl.Int32).alias("account_id"),
            business_date(placed),
            *_halves("key", _key(self._platform, ref)),
            *_halves("content_hash", _content()),
            *_payer(self._payer_key),
        )
        return hashed.drop("payer", "store_label", *_PLACE, "time_zone", "cutover_hour")

    def _account(self, ref: str, label: str) -> int:
        known = self._accounts.get(ref)
        if known is None:
            with self._connection.begin():
                known = account_id(self._connection, self._chain_id, self._platform, ref, label)
            self._lock(known)
            with self._connection.begin():
                self._timelines[known] = timeline(self._connection, self._chain_id, known)
            self._accounts[ref] = known
        return known

    def _place(self, rows: pl.DataFrame, account: int) -> pl.DataFrame:
        places = rows.select(*_PLACE, "store_label").unique(_PLACE, keep="first")
        unknown = places.join(self._timelines[account], on=_PLACE, how="anti")
        if len(unknown):
            with self._connection.begin():
                add_places(
                    self._connection,
                    self._chain_id,
                    self._batch_id,
                    [
                        PlaceRef(account, store, terminal, operator, label)
                        for store, terminal, operator, label in unknown.iter_rows()
                    ],
                )
                self._timelines[account] = timeline(self._connection, self._chain_id, account)
        return at_store(rows, self._timelines[account])


def at_store(rows: pl.DataFrame, periods: pl.DataFrame) -> pl.DataFrame:
    """Return ``rows`` with place_id, store_id, time_zone and cutover_hour at their instant.

    ``periods`` is ``warehouse.places.timeline``; rows keep their order.
    """
    if periods["place_id"].n_unique() == len(periods):
        return rows.join(periods.drop("from_at"), on=_PLACE, how="left", maintain_order="left")
    return (
        rows.with_row_index("_order")
        .sort("occurred_at")
        .join_asof(
            periods,
            left_on="occurred_at",
            right_on="from_at",
            by=_PLACE,
            strategy="backward",
            check_sortedness=False,
        )
        .sort("_order")
        .drop("_order", "from_at", strict=False)
    )


def business_date(rows: pl.DataFrame) -> pl.Expr:
    """Return the business date of each row: local wall clock less the cut-over hours.

    The rule of ``chain.days.DayRule``, for a whole column; ``warehouse.binding`` has it in SQL.
    """
    shift = pl.duration(hours=pl.col("cutover_hour"))
    zones = [zone for zone in rows["time_zone"].unique().to_list() if zone is not None]
    local = pl.lit(None, pl.Date)
    for zone in zones:
        wall = pl.col("occurred_at").dt.convert_time_zone(zone).dt.replace_time_zone(None)
        local = (
            (wall - shift).dt.date()
            if len(zones) == 1
            else (
                pl.when(pl.col("time_zone") == zone).then((wall - shift).dt.date()).otherwise(local)
            )
        )
    return local.alias("business_date")


def _key(platform: str, ref: str) -> pl.Expr:
    identity = plh.concat_str(
        pl.lit(_SEPARATOR.join((platform, ref))),
        pl.col("external_id"),
        pl.col("kind"),
        pl.col("part"),
        separator=_SEPARATOR,
    )
    return identity.nchash.xxh3_128()


def _content() -> pl.Expr:
    stated = plh.concat_str(
        *(pl.col(name) for name in _CONTENT),
        pl.col("payer").fill_null(""),
        pl.col("occurred_at").to_physical().cast(pl.String),
        *(pl.col(name).cast(pl.String) for name in _CONTENT_NUMBERS),
        separator=_SEPARATOR,
    )
    return stated.nchash.xxh3_128()


def _halves(name: str, hashed: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    half = pl.lit(2**64, dtype=pl.UInt128)
    return (
        (hashed // half).cast(pl.UInt64).alias(f"{name}_hi"),
        (hashed % half).cast(pl.UInt64).alias(f"{name}_lo"),
    )


def _payer(key: str) -> tuple[pl.Expr, pl.Expr]:
    digest = plh.col("payer").chash.hmac_sha256(key=key)
    return (
        digest.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64).alias("payer_hash_hi"),
        digest.str.slice(16, 16).str.to_integer(base=16, dtype=pl.UInt64).alias("payer_hash_lo"),
    )


def personal_ref(key: str) -> pl.Expr:
    """Return the keyed hash that stands for a person's own account."""
    return plh.col("account_ref").chash.hmac_sha256(key=key).str.slice(0, 32).alias("account_ref")
