"""``suggest``: candidates to a table of what each would bring, with ranges, errors and reasons."""

import numpy as np
import pandas as pd

from advice.sites.choosing import choose
from advice.sites.frames import candidates_frame
from advice.sites.market import Market
from advice.sites.notes import Note, plain
from advice.sites.payback import pay_back
from advice.sites.places import Floats
from advice.sites.reasoning import Around, checks, drivers
from advice.sites.scoring import Scored, ground, noises, score, with_noise
from advice.sites.surface import potential

MANY = 300
"""Of more candidates the best by the most likely parameters are looked at closely."""

_QUANTILES = (0.1, 0.5, 0.9)


def suggest(
    market: Market,
    candidates: pd.DataFrame,
    *,
    k: int = 1,
    budget: float | None = None,
    min_distance_km: float | None = None,
    margin: float | None = None,
    horizon_months: int = 36,
) -> pd.DataFrame:
    """Return what each candidate would bring the chain, the best first; one row a candidate.

    ``candidates``: lat, lon, and maybe candidate (its name in the answer), name, size, rent (minor
    units a month), capex (minor units), margin (share of sales before rent), area (at most one
    of an area is chosen), and the stores' own features. ``k``, ``budget`` (minor units of capex),
    ``min_distance_km``: see `choose`. ``margin``: of those that state none.

    Columns, in minor units a settled month: ``revenue_low``, ``revenue``, ``revenue_high`` (10, 50,
    90 %); ``loss`` of all sisters and ``losses``, a dict of store to what it loses; ``net_low``,
    ``net_gain``, ``net_high``. ``pay_back`` with ``_low``, ``_high`` in months (infinite: not in
    20 years; missing: no capex or margin) and ``pay_back_chance`` within ``horizon_months``;
    ``profit``, of a settled month. ``error``: the share by which the sales of stores left out were
    missed. ``rank``: equal where the error exceeds the difference, missing where it exceeds
    all of them, so that there is no order. ``chosen``: whether it is one of the ``k``.
    ``reasons`` and ``checks``: lists of `Note`; ``twin``: the store it resembles most.
    ``attrs["notes"]``: what is to be said of the table, as plain dicts (`notes.from_plain`).

    Raises PermanentError for candidates that cannot be used and for limits that cannot be kept.
    """
    frame, notes = _shortlist(market, candidates_frame(candidates, market.stores), k)
    if margin is not None:
        frame["margin"] = frame["margin"].fillna(margin)
    on = ground(market, frame)
    scored = score(market, on)
    table = frame[["candidate", "name", "lat", "lon", "area", "capex", "rent"]].copy()
    factors = noises(market)
    for name, values in (("revenue", scored.revenue), ("net", scored.net)):
        found = np.quantile(with_noise(values, factors), _QUANTILES, axis=1)
        middle = "revenue" if name == "revenue" else "net_gain"
        for column, each in zip((f"{name}_low", middle, f"{name}_high"), found, strict=True):
            table[column] = _money(each)
    losses = np.median(scored.loss, axis=1)
    table["loss"] = _money(losses.sum(axis=1))
    table["losses"] = _by_store(market, losses)
    table = table.join(_pay_backs(market, frame, scored, factors, horizon_months))
    table["error"] = market.error
    around = Around.of(market)
    told = [drivers(market, around, row, losses[at]) for at, row in enumerate(_rows(frame))]
    table["reasons"] = pd.Series([each.reasons for each in told], dtype="object")
    table["twin"] = [each.twin for each in told]
    looked = [checks(market, around, row) for row in _rows(frame)]
    table["checks"] = pd.Series(looked, dtype="object")
    plan = choose(market, frame, k=k, budget=budget, min_distance_km=min_distance_km)
    table["chosen"] = [row in set(plan.rows) for row in range(len(table))]
    table = table.sort_values("net_gain", ascending=False, kind="stable").reset_index(drop=True)
    table["rank"], said = ranks(table, market.error)
    table.attrs["notes"] = plain([*market.notes, *notes, *said])
    return table


def ranks(table: pd.DataFrame, error: float) -> tuple[pd.Series, list[Note]]:
    """Return ranks of a table sorted by net gain, and what is to be said of them.

    Two candidates share a rank where their difference is smaller than ``error`` times the revenue
    of the better one: the model has missed real stores by as much.
    """
    gain, revenue = table["net_gain"].to_numpy("float64"), table["revenue"].to_numpy("float64")
    nobody = pd.Series(pd.NA, index=table.index, dtype="Int64")
    if len(table) < 2:
        return nobody.fillna(1), []
    if not np.isfinite(error):
        return nobody, [Note("sites.note.no_order_at_all")]
    found, leader = [1], 0
    for row in range(1, len(table)):
        if gain[leader] - gain[row] >= error * revenue[leader]:
            leader = row
        found.append(leader + 1)
    percent = round(100 * error)
    if found[-1] == 1:
        return nobody, [Note("sites.note.no_order", {"percent": percent, "count": len(table)})]
    level = found.count(1)
    said = [Note("sites.note.level", {"percent": percent, "count": level})] if level > 1 else []
    return pd.Series(found, index=table.index, dtype="Int64"), said


def _shortlist(market: Market, frame: pd.DataFrame, k: int) -> tuple[pd.DataFrame, list[Note]]:
    if len(frame) <= MANY:
        return frame, []
    gain = potential(market, frame)["net_gain"].to_numpy()
    best = np.sort(np.argsort(-gain, kind="stable")[: max(MANY, 2 * k)])
    note = Note("sites.note.shortlist", {"count": len(frame), "kept": len(best)})
    return frame.iloc[best].reset_index(drop=True), [note]


def _pay_backs(
    market: Market, frame: pd.DataFrame, scored: Scored, factors: Floats, horizon: int
) -> pd.DataFrame:
    outcomes = with_noise(scored.net, factors)
    found = [
        pay_back(
            outcomes[at],
            market.ramp,
            margin=float(row["margin"]),
            rent=float(row["rent"]),
            capex=float(row["capex"]),
            horizon_months=horizon,
        )
        for at, row in enumerate(_rows(frame))
    ]
    return pd.DataFrame(
        {
            "pay_back_low": [each.low for each in found],
            "pay_back": [each.middle for each in found],
            "pay_back_high": [each.high for each in found],
            "pay_back_chance": [each.chance for each in found],
            "profit": [each.month for each in found],
        },
        index=frame.index,
    )


def _by_store(market: Market, losses: Floats) -> pd.Series:
    """Return for each candidate what each store loses, the most first."""
    names = market.stores["store"].tolist()
    found = []
    for row in losses:
        felt = [at for at in np.argsort(-row) if row[at] >= 0.5]
        found.append({str(names[at]): round(float(row[at])) for at in felt})
    return pd.Series(found, dtype="object")


def _money(values: Floats) -> np.ndarray:
    return np.rint(values).astype(np.int64)


def _rows(frame: pd.DataFrame) -> list[pd.Series]:
    return [frame.iloc[at] for at in range(len(frame))]
