"""Which stores to close or to move: what the chain would keep of a store's sales without it."""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from advice.sites.frames import candidates_frame
from advice.sites.gravity import City, pairs
from advice.sites.market import Market
from advice.sites.places import Floats, distance_km
from advice.sites.scoring import ground, noises, present_sales, score, with_noise

SURE = 0.8
"""A close or a move is advised where it pays by this chance or more."""

_LEAST = 2


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
    """Return what the sisters take over of each store's sales, by each draw: [S, M]."""
    city, sales = _city(market), present_sales(market)
    found = [
        taken_over(city, params, market.base[draw], sales).sum(axis=1)
        for draw, params in enumerate(market.draws)
    ]
    return np.stack(found, axis=1)


def _city(market: Market) -> City:
    own = pairs(market.areas, market.stores, market.reach_km)
    rows = np.unique(own.area)
    near = market.areas.iloc[rows]
    own = pairs(near, market.stores, market.reach_km)
    return market.city(rows, own, pairs(near, market.rivals, market.reach_km))


def taken_over(city: City, params: Floats, base: Floats, sales: Floats) -> Floats:
    """Return what each store would take over of one that closes: [S closing, S taking over].

    Without a store its areas' pull is ``S - a f``, so the share of each other outlet there grows by
    ``a f / (S - a f)`` of itself. ``base``, ``sales``: [S], as modelled and as they are.
    """
    pull, total = city.attractions(params)
    area, outlet = city.own.area, city.own.outlet
    demand = city.demand(params)
    real = sales / np.maximum(base, 1e-9)
    shape = (len(demand), len(sales))
    left = sparse.csr_array((pull / np.maximum(total[area] - pull, 1e-12), (area, outlet)), shape)
    spent = demand[area] * pull / total[area] * real[outlet]
    held = sparse.csr_array((spent, (area, outlet)), shape)
    together = (left.T @ held).toarray()
    np.fill_diagonal(together, 0.0)
    return np.asarray(together)


def _without(market: Market, store: int) -> Market:
    """Return the market once a store has closed and its sisters have taken over what they will."""
    sales = present_sales(market)
    more = taken_over(_city(market), market.draws[0], market.base[0], sales)[store]
    left = np.arange(len(sales)) != store
    stores = market.stores.assign(revenue=sales + more)[left].reset_index(drop=True)
    closed = replace(market, stores=stores, store_features=market.store_features[left])
    city = _city(closed)
    return replace(closed, base=np.stack([city.sales(each) for each in market.draws]))


def _moved(
    market: Market, frame: pd.DataFrame, candidates: pd.DataFrame, margin: float, move_km: float
) -> pd.DataFrame:
    """Fill in where a store had better be, its old place closed."""
    apart = distance_km(
        market.stores["lat"].to_numpy()[:, None],
        market.stores["lon"].to_numpy()[:, None],
        candidates["lat"].to_numpy(),
        candidates["lon"].to_numpy(),
    )
    for store in range(len(frame)):
        rent = float(frame["rent"].iloc[store])
        near = candidates[apart[store] <= move_km].reset_index(drop=True)
        if near.empty or len(frame) < _LEAST or not np.isfinite(rent):
            continue
        closed = _without(market, store)
        net = with_noise(score(closed, ground(closed, near)).net, noises(market))
        saved = rent - near["rent"].fillna(rent).to_numpy("float64")
        outcome = margin * (net - frame["lost"].iloc[store]) + saved[:, None]
        middle = np.median(outcome, axis=1)
        best = int(middle.argmax())
        frame.loc[store, "move_gain"] = middle[best]
        sure = (outcome[best] > 0).mean() >= SURE
        if sure and middle[best] > max(float(frame["gain"].iloc[store]), 0.0):
            frame.loc[store, "advice"] = "move"
            frame.loc[store, "move_to"] = near["candidate"].iloc[best]
    return frame
