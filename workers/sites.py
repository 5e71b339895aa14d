"""The job of sites: sales and files to a market and its suggestions, stored at once.

Everything is computed from what is in the warehouse and written in one transaction, with the
fingerprint of its inputs: killed at any line and run again it leaves the same rows, and with
nothing changed it does nothing.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import structlog
from sqlalchemy import Connection, text

from advice.sites import Market, Note, fit, plain, potential, suggest
from advice.sites.gazetteer import city_areas
from advice.sites.proposing import APART_KM, propose
from advice.sites.rows import as_json, as_plain
from chain.days import Period
from chain.errors import PermanentError, TransientError
from warehouse import sites
from warehouse.locks import Lock, free, hold
from warehouse.reads.protocol import Filters
from warehouse.reads.reads import Reads
from warehouse.session import Scope, Warehouse

log = structlog.get_logger(__name__)

DAYS, FEWEST_DAYS = 91, 28
"""Sales are those of the last quarter; a store with data of fewer days has none."""
MONTH_DAYS = 365.25 / 12
RAMP_WEEKS = 26
SEEDED = 0
SILENT = timedelta(minutes=10)
SHOWN_CELLS = 4000
"""Of a larger map every so many-th cell is drawn."""
CHOSEN = 3
VERSION = "1"
"""Raised where the same inputs would give other advice."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What advice is made of. ``away``: stores with sales whose place nobody knows."""

    stores: pd.DataFrame
    files: Mapping[str, pd.DataFrame]
    assumed: sites.Assumed
    away: int

    def fingerprint(self) -> str:
        """Return what is the same for the same inputs alone."""
        digest = hashlib.sha256(VERSION.encode())
        digest.update(self.stores.to_csv(index=False).encode())
        for kind, frame in sorted(self.files.items()):
            digest.update(kind.encode() + frame.to_csv(index=False).encode())
        digest.update(json.dumps(asdict(self.assumed)).encode())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Sites:
    """The advice on sites of all chains."""

    warehouse: Warehouse

    def run(self, chain_id: int) -> None:
        """Make the advice of a chain anew, unless nothing has changed since it was made.

        Raises TransientError where another process is at it. What a person must mend is kept as a
        sentence, and so is what nobody foresaw, which is then raised.
        """
        scope = Scope(chain_id)
        with self.warehouse.hold(scope) as connection:
            with connection.begin():
                hold(connection, Lock.SITES, chain_id)
                if sites.work(connection, chain_id) is None:
                    sites.ask(connection, chain_id)
            try:
                self._make(connection, scope)
            except TransientError:
                raise
            except Exception as error:
                known = error if isinstance(error, PermanentError) else None
                said = known or PermanentError("sites.failed", kind=type(error).__name__)
                with connection.begin():
                    sites.fail(connection, chain_id, said)
                if known is None:
                    raise
                log.info("sites_refused", reason=said.key)

    def _make(self, connection: Connection, scope: Scope) -> None:
        chain_id = scope.chain_id
        with connection.begin():
            sites.heard(connection, chain_id, "reading")
            files = sites.inputs(connection, chain_id)
            work = sites.work(connection, chain_id)
        assumed = work.assumed if work else sites.Assumed()
        given = read(Reads(self.warehouse, scope), files, assumed)
        fingerprint = given.fingerprint()
        if work is not None and work.fingerprint == fingerprint:
            with connection.begin():
                sites.done(connection, chain_id)
            return
        with connection.begin():
            sites.heard(connection, chain_id, "fitting")
        market, notes = learn(given)
        with connection.begin():
            sites.heard(connection, chain_id, "suggesting")
        rows, said = suggested(market, given)
        detail = drawn(market, given, [*notes, *said])
        with connection.begin():
            sites.store(connection, chain_id, fingerprint, market.dumps(), detail, rows)
        log.info("sites_done", stores=len(given.stores), suggestions=len(rows))

    def sweep(self, now: datetime, take_up: Callable[[int], None]) -> int:
        """Take up what a worker left, or whose message was lost; return how many chains."""
        taken = 0
        with self.warehouse.directory() as connection:
            chains = list(connection.scalars(text("select chain_id from directory.chain")))
        for chain_id in chains:
            with self.warehouse.begin(Scope(chain_id)) as connection:
                left = sites.waits(connection, chain_id, now - SILENT)
                left = left and free(connection, Lock.SITES, chain_id)
            if left:
                take_up(chain_id)
                taken += 1
        return taken


def read(reads: Reads, files: Mapping[str, pd.DataFrame], assumed: sites.Assumed) -> Inputs:
    """Return the open stores with a place, and their sales of a month over the last quarter.

    Raises PermanentError ``sites.no_sales_at_all`` or ``sites.no_places``.
    """
    last = reads.chain().yesterday
    if last is None:
        raise PermanentError("sites.no_sales_at_all")
    period = Period(last - timedelta(days=DAYS - 1), last)
    sales = reads.by_store(Filters(period, metric="net_sales", alone=True))
    known = reads.stores()
    known = known[~known["unassigned"].astype(bool)]
    known = known[known["closed_on"].isna() | (known["closed_on"].map(str) > str(last))]
    frame = known.merge(sales[["store_id", "value", "days"]], on="store_id", how="left")
    there = frame["lat"].notna() & frame["lon"].notna()
    away = int((~there & frame["value"].notna()).sum())
    frame = frame[there].sort_values("store_id").reset_index(drop=True)
    if frame.empty:
        raise PermanentError("sites.no_places")
    return Inputs(_stores(frame, last), files, assumed, away)


def _stores(frame: pd.DataFrame, last: Any) -> pd.DataFrame:
    days = frame["days"].astype("float64")
    value = frame["value"].astype("float64")
    enough = (days >= FEWEST_DAYS) & (value > 0)
    opened = pd.to_datetime(frame["opened_on"])
    weeks = (pd.Timestamp(last) - opened).dt.days / 7 - days / 14
    found = {
        "store": frame["store_id"].astype(str),
        "name": frame["name"].astype(str),
        "city": frame["city"].fillna("").astype(str),
        "lat": frame["lat"].astype("float64"),
        "lon": frame["lon"].astype("float64"),
        "revenue": (value / days * MONTH_DAYS).where(enough).round(),
        "size": frame["area_sqm"].astype("float64"),
        "rent": frame["monthly_rent"].astype("float64"),
        "weeks_open": weeks.where((weeks >= 0) & (weeks < RAMP_WEEKS)).round(2),
    }
    return pd.DataFrame(found)


def learn(given: Inputs) -> tuple[Market, list[Note]]:
    """Return the market; with no areas of the chain's own, over the cities of the gazetteer."""
    notes: list[Note] = []
    areas = given.files.get("areas")
    if areas is None:
        areas, coarse = city_areas(given.stores)
        notes.append(coarse)
    if given.away:
        notes.append(Note("sites.page.no_place", {"count": given.away}))
    market = fit(given.stores, areas, given.files.get("competitors"), seed=SEEDED)
    return market, notes


def suggested(market: Market, given: Inputs) -> tuple[list[dict[str, Any]], list[Note]]:
    """Return rows of `suggest` as JSON holds them, the best first, and what is said of all."""
    asked = given.files.get("candidates")
    candidates = propose(market) if asked is None else asked
    if candidates.empty:
        return [], [*market.notes, Note("sites.page.none_pays")]
    if given.assumed.capex is not None:
        capex = candidates["capex"] if "capex" in candidates.columns else np.nan
        candidates = candidates.assign(capex=capex)
        candidates["capex"] = candidates["capex"].fillna(given.assumed.capex)
    table = suggest(
        market,
        candidates,
        k=min(CHOSEN, len(candidates)),
        min_distance_km=APART_KM if asked is None else None,
        margin=given.assumed.margin,
        horizon_months=given.assumed.months,
    )
    rows = [as_plain(row, proposed=asked is None) for row in table.to_dict("records")]
    return rows, [Note(one["key"], one["params"]) for one in table.attrs["notes"]]


def drawn(market: Market, given: Inputs, notes: list[Note]) -> dict[str, Any]:
    """Return what a page shows beside the suggestions: map, error and notes, as JSON holds it."""
    surface = potential(market)
    step = max(1, math.ceil(len(surface) / SHOWN_CELLS))
    cells = pd.DataFrame(
        {
            "lat": market.areas["lat"].round(5),
            "lon": market.areas["lon"].round(5),
            "gain": surface["net_gain"].round(),
            "people": market.areas["population"].round(),
        }
    ).iloc[::step]
    left_out = market.left_out()
    return {
        "cells": cells.to_numpy().tolist(),
        "stores": [
            [as_json(value) for value in row]
            for row in given.stores[["store", "lat", "lon", "revenue"]].to_numpy().tolist()
        ],
        "rivals": market.rivals[["lat", "lon"]].round(5).to_numpy().tolist(),
        "left_out": [
            {str(name): as_json(value) for name, value in row.items()}
            for row in left_out.to_dict("records")
        ],
        "error": as_json(market.error),
        "areas": len(market.areas),
        "coarse": "areas" not in given.files,
        "notes": list({json.dumps(one): one for one in plain(notes)}.values()),
    }
