"""Which stores to close or to move: what the chain would keep of a store's sales without it."""

import numpy as np
import pandas as pd
from scipy import sparse

from advice.sites.frames import candidates_frame
from advice.sites.gravity import City, pairs
from advice.sites.market import Market
from advice.sites.places import Floats, distance_km
from advice.sites.scoring import ground, noises, present_sales, score

SURE = 0.8
"""A close or a move is advised where it pays by this chance or more."""


def review(
    market: Market,
    candidates: pd.DataFrame | None = None,
    *,
    margin: float | None = None,
    move_km: float = 5.0,
) -> pd.DataFrame:
    """Return one row a store: what the chain would keep without it, and whether it should go.

    ``margin``: share of sales left before rent. ``candidates``: places to move to, within
    ``move_km``. Columns, minor units a settled month: store, name, revenue, ``kept`` (what sisters
    would take over), ``lost``, rent, ``gain_low``, ``gain``, ``gain_high`` (profit by closing;
    missing without margin or rent), ``chance`` that closing pays, ``advice`` (keep, close, move or
    unknown), ``move_to`` (a candidate, or missing) and ``move_gain``, the change of monthly profit.
    """
    sales = present_sales(market)
    kept = np.minimum(_kept(market), sales[:, None])
    lost = sales[:, None] - kept
    rent = market.stores["rent"].to_numpy("float64")
    share = float("nan") if margin is None else margin
    gain = rent[:, None] - share * lost
    low, middle, high = np.quantile(gain, [0.1, 0.5, 0.9], axis=1)
    known = np.isfinite(middle)
    chance = np.where(known, (gain > 0).mean(axis=1), np.nan)
    frame = pd.DataFrame(
        {
            "store": market.stores["store"],
            "name": market.stores["name"],
            "revenue": np.rint(sales),
            "kept": np.rint(np.median(kept, axis=1)),
            "lost": np.rint(np.median(lost, axis=1)),
            "rent": rent,
            "gain_low": low,
            "gain": middle,
            "gain_high": high,
            "chance": chance,
            "advice": np.where(~known, "unknown", np.where(chance >= SURE, "close", "keep")),
            "move_to": pd.Series(pd.NA, index=market.stores.index, dtype="str"),
            "move_gain": np.nan,
        }
    )
    if candidates is None or margin is None:
        return frame
    return _moved(market, frame, candidates_frame(candidates, market.stores), margin, move_km)


def _kept(market: Market) -> Floats:
    """Return what the sisters take over of each store's sales, by each draw: [S, M].

    Without a store its areas' pull is ``S - a f``; each other outlet's share grows by ``S / (S -
    a f)``, so sisters get their own shares of what it had.
    """
    own = pairs(market.areas, market.stores, market.reach_km)
    rows = np.unique(own.area)
    near = market.areas.iloc[rows]
    own = pairs(near, market.stores, market.reach_km)
    city = market.city(rows, own, pairs(near, market.rivals, market.reach_km))
    sales = present_sales(market)
    found = [
        _taken_over(city, params, market.base[draw], sales)
        for draw, params in enumerate(market.draws)
    ]
    return np.stack(found, axis=1)


def _taken_over(city: City, params: Floats, base: Floats, sales: Floats) -> Floats:
    pull, total = city.attractions(params)
    area, outlet = city.own.area, city.own.outlet
    demand = city.demand(params)
    real = sales / np.maximum(base, 1e-9)
    shape = (len(demand), len(sales))
    left = sparse.csr_array((pull / np.maximum(total[area] - pull, 1e-12), (area, outlet)), shape)
    spent = demand[area] * pull / total[area] * real[outlet]
    held = sparse.csr_array((spent, (area, outlet)), shape)
    together = (left.T @ held).toarray()
    return np.asarray(together.sum(axis=1) - np.diag(together))


def _moved(
    market: Market, frame: pd.DataFrame, candidates: pd.DataFrame, margin: float, move_km: float
) -> pd.DataFrame:
    """Fill in where a store had better be: a store that moves takes nothing from itself."""
    scored = score(market, ground(market, candidates))
    apart = distance_km(
        market.stores["lat"].to_numpy()[:, None],
        market.stores["lon"].to_numpy()[:, None],
        candidates["lat"].to_numpy(),
        candidates["lon"].to_numpy(),
    )
    rent = candidates["rent"].to_numpy("float64")
    factors = noises(market)
    sales, lost = frame["revenue"].to_numpy(), frame["lost"].to_numpy()
    for store in range(len(frame)):
        near = np.flatnonzero(apart[store] <= move_km)
        if not len(near) or not np.isfinite(frame["rent"].iloc[store]):
            continue
        others = np.arange(len(sales)) != store
        net = scored.revenue[near] - scored.loss[near][:, :, others].sum(axis=2)
        saved = frame["rent"].iloc[store] - np.nan_to_num(rent[near], nan=frame["rent"].iloc[store])
        outcome = margin * (net[:, :, None] * factors - lost[store]) + saved[:, None, None]
        middle = np.median(outcome.reshape(len(near), -1), axis=1)
        best = int(middle.argmax())
        frame.loc[store, "move_gain"] = middle[best]
        if (outcome[best] > 0).mean() >= SURE and middle[best] > max(frame["gain"].iloc[store], 0):
            frame.loc[store, ["advice", "move_to"]] = [
                "move",
                candidates["candidate"].iloc[near[best]],
            ]
    return frame
