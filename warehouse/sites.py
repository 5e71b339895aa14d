"""Rows of the advice on sites: files of areas, competitors and candidates; market and advice."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any, Literal

import pandas as pd
from sqlalchemy import Connection, text

from chain.errors import PermanentError

Kind = Literal["areas", "competitors", "candidates"]
KINDS: tuple[Kind, ...] = ("areas", "competitors", "candidates")
HORIZON_MONTHS = 36


@dataclass(frozen=True, slots=True)
class Assumed:
    """What a person says of a store that opens, where the candidate itself says nothing.

    ``capex``: minor units to open it. ``margin``: share of sales left before rent. ``months``:
    within which it has to pay back.
    """

    capex: int | None = None
    margin: float | None = None
    months: int = HORIZON_MONTHS

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return {"capex": self.capex, "margin": self.margin, "months": self.months}


def assumed_of(given: Mapping[str, Any]) -> Assumed:
    """Return what `Assumed.plain` was."""
    return Assumed(given.get("capex"), given.get("margin"), int(given.get("months", 36)))


@dataclass(frozen=True, slots=True)
class Work:
    """How far a chain's advice is: ``fingerprint`` is of the inputs of what is stored."""

    state: str
    fingerprint: str
    assumed: Assumed


def keep_input(
    connection: Connection, chain_id: int, kind: Kind, frame: pd.DataFrame, name: str, system: str
) -> None:
    """Keep a checked frame (lat, lon in WGS-84) in the place of the one there was."""
    content = gzip.compress(frame.to_csv(index=False).encode(), mtime=0)
    connection.execute(
        _KEEP,
        {
            "chain": chain_id,
            "kind": kind,
            "name": name,
            "system": system,
            "count": len(frame),
            "content": content,
        },
    )


def drop_input(connection: Connection, chain_id: int, kind: Kind) -> None:
    """Take a file away."""
    connection.execute(_DROP, {"chain": chain_id, "kind": kind})


def inputs(connection: Connection, chain_id: int) -> dict[str, pd.DataFrame]:
    """Return the frames there are, by kind."""
    rows = connection.execute(_INPUTS, {"chain": chain_id})
    return {row.kind: _frame(row.content) for row in rows}


def _frame(content: bytes) -> pd.DataFrame:
    names = dict.fromkeys(("area", "name", "candidate", "city", "district"), "str")
    return pd.read_csv(BytesIO(gzip.decompress(content)), dtype=names, keep_default_na=True)


def ask(connection: Connection, chain_id: int, assumed: Assumed | None = None) -> None:
    """Say that advice is wanted, and maybe what to take for granted; to be committed first."""
    given = None if assumed is None else json.dumps(assumed.plain())
    connection.execute(_ASK, {"chain": chain_id, "assumed": given})


def work(connection: Connection, chain_id: int) -> Work | None:
    """Return how far it is; None where nobody has asked."""
    row = connection.execute(_WORK, {"chain": chain_id}).one_or_none()
    return None if row is None else Work(row.state, row.fingerprint, assumed_of(row.assumed))


def heard(connection: Connection, chain_id: int, step: str) -> None:
    """Say what is being done."""
    connection.execute(_HEARD, {"chain": chain_id, "step": step})


def fail(connection: Connection, chain_id: int, error: PermanentError) -> None:
    """Say why there is no new advice; what was stored before stays."""
    params = json.dumps(error.params)
    connection.execute(_FAIL, {"chain": chain_id, "key": error.key, "params": params})


def done(connection: Connection, chain_id: int) -> None:
    """Say that what is stored is of the inputs that there are."""
    connection.execute(_DONE, {"chain": chain_id})


def store(
    connection: Connection,
    chain_id: int,
    fingerprint: str,
    market: bytes,
    detail: Mapping[str, Any],
    suggestions: Sequence[Mapping[str, Any]],
) -> None:
    """Put market and suggestions in the place of those there were, numbered from 1 by their order.

    Suggestions have ``lat`` and ``lon`` and else what JSON holds.
    """
    connection.execute(_CLEAR, {"chain": chain_id})
    for number, row in enumerate(suggestions, start=1):
        connection.execute(
            _SUGGEST,
            {
                "chain": chain_id,
                "number": number,
                "fingerprint": fingerprint,
                "lat": row["lat"],
                "lon": row["lon"],
                "detail": json.dumps(row, ensure_ascii=False, allow_nan=False),
            },
        )
    connection.execute(
        _STORE,
        {
            "chain": chain_id,
            "fingerprint": fingerprint,
            "market": market,
            "detail": json.dumps(detail, ensure_ascii=False, allow_nan=False),
        },
    )
    done(connection, chain_id)


def waits(connection: Connection, chain_id: int, silent_since: datetime) -> bool:
    """Return whether advice was asked for and nobody has said anything since."""
    return bool(connection.scalar(_WAITS, {"chain": chain_id, "since": silent_since}))


_KEEP = text(
    """
    insert into site_input (chain_id, kind, file_name, system, row_count, content)
    values (:chain, :kind, :name, :system, :count, :content)
    on conflict (chain_id, kind) do update set file_name = :name, system = :system,
        row_count = :count, content = :content, kept_at = now()
    """
)
_DROP = text("delete from site_input where chain_id = :chain and kind = :kind")
_INPUTS = text("select kind, content from site_input where chain_id = :chain order by kind")
_ASK = text(
    """
    insert into site_market (chain_id, assumed)
    values (:chain, coalesce(cast(:assumed as jsonb), '{}'))
    on conflict (chain_id) do update set state = 'waiting', step = '', asked_at = now(),
        heard_at = now(), error_key = '', error_params = '{}',
        assumed = coalesce(cast(:assumed as jsonb), site_market.assumed)
    """
)
_WORK = text("select state, fingerprint, assumed from site_market where chain_id = :chain")
_HEARD = text(
    "update site_market set state = 'running', step = :step, heard_at = clock_timestamp()"
    " where chain_id = :chain"
)
_FAIL = text(
    """
    update site_market set state = 'failed', step = '', error_key = :key,
        error_params = cast(:params as jsonb)
    where chain_id = :chain
    """
)
_DONE = text(
    """
    update site_market set state = 'done', step = '', error_key = '', error_params = '{}',
        done_at = now()
    where chain_id = :chain
    """
)
_CLEAR = text("delete from site_suggestion where chain_id = :chain")
_SUGGEST = text(
    """
    insert into site_suggestion (chain_id, suggestion_id, fingerprint, lat, lon, detail)
    overriding system value
    values (:chain, :number, :fingerprint, :lat, :lon, cast(:detail as jsonb))
    """
)
_STORE = text(
    """
    update site_market set fingerprint = :fingerprint, market = :market,
        detail = cast(:detail as jsonb)
    where chain_id = :chain
    """
)
_WAITS = text(
    """
    select exists (select from site_market where chain_id = :chain
        and state in ('waiting', 'running') and heard_at < :since)
    """
)
