"""Where to open next, as it is stored: for who sees the whole chain, as row-level security says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from warehouse.reads.context import Context


@dataclass(frozen=True, slots=True)
class SiteFile:
    """The last file of one kind: how many rows it gave, and in which coordinates it came."""

    name: str
    rows: int
    system: str
    kept_at: datetime


@dataclass(frozen=True, slots=True)
class Sites:
    """The advice on sites, and how far the next one is.

    ``state``: '' (nobody asked, or not to be seen), waiting, running, done, failed; ``error_key``
    and ``error_params`` say why it failed. ``ready``: there is a market, so any place can be asked.
    ``suggestions``: the rows of ``advice.sites.suggest`` with their ``number``, the best first;
    what is missing is None, no end "never". ``detail``: the map and what is said of it all.
    ``assumed``: capex (minor units), margin (share) and months, as a person gave them.
    """

    state: str = ""
    step: str = ""
    ready: bool = False
    done_at: datetime | None = None
    fingerprint: str = ""
    error_key: str = ""
    error_params: Mapping[str, Any] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)
    suggestions: tuple[Mapping[str, Any], ...] = ()
    files: Mapping[str, SiteFile] = field(default_factory=dict)


def advice(context: Context) -> Sites:
    """Return what is stored; see the protocol."""
    chain = {"chain": context.chain.chain_id}
    files = {
        row.kind: SiteFile(row.file_name, row.row_count, row.system, row.kept_at)
        for row in context.connection.execute(_FILES, chain)
    }
    row = context.connection.execute(_MARKET, chain).one_or_none()
    if row is None:
        return Sites(files=files)
    found = context.connection.execute(_SUGGESTIONS, chain)
    return Sites(
        state=row.state,
        step=row.step,
        ready=row.ready,
        done_at=row.done_at,
        fingerprint=row.fingerprint,
        error_key=row.error_key,
        error_params=row.error_params,
        assumed=row.assumed,
        detail=row.detail,
        suggestions=tuple({**one.detail, "number": one.suggestion_id} for one in found),
        files=files,
    )


def market_version(context: Context) -> str:
    """Return the fingerprint of the stored market; see the protocol."""
    chain = {"chain": context.chain.chain_id}
    return str(context.connection.scalar(_VERSION, chain) or "")


def market(context: Context) -> tuple[str, bytes] | None:
    """Return the stored market and the fingerprint it has; see the protocol."""
    row = context.connection.execute(_STORED, {"chain": context.chain.chain_id}).one_or_none()
    return None if row is None else (row.fingerprint, bytes(row.market))


_FILES = text(
    "select kind, file_name, row_count, system, kept_at from site_input where chain_id = :chain"
)
_MARKET = text(
    """
    select state, step, market is not null as ready, done_at, fingerprint, error_key, error_params,
        assumed, detail
    from site_market where chain_id = :chain
    """
)
_SUGGESTIONS = text(
    """
    select suggestion_id, detail from site_suggestion where chain_id = :chain
    order by suggestion_id
    """
)
_VERSION = text(
    "select fingerprint from site_market where chain_id = :chain and market is not null"
)
_STORED = text(
    """
    select fingerprint, market from site_market
    where chain_id = :chain and market is not null
    """
)
