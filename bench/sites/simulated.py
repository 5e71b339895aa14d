"""Advice in simulated cities against their truth, and against three simpler ways to choose."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.stats import spearmanr

from advice.sites import fit, suggest
from bench.sites.city import Truth, simulate

STORES = (20, 30, 40, 60)
SITES = 3
Floats = NDArray[np.float64]


def measure(seeds: range) -> dict[str, Any]:
    """Return means over the cities of ``seeds`` with 95 % intervals, by way to choose."""
    cities = [_city(seed) for seed in seeds]
    rows = pd.DataFrame([row for city in cities for row in city])
    found: dict[str, Any] = {"cities": len(cities), "sites": SITES}
    for way, group in rows.groupby("way", sort=False):
        found[str(way)] = {
            name: _mean(group[name].to_numpy("float64"))
            for name in ("rank_correlation", "part_of_best")
        }
    ours = rows[rows["way"] == "advice"]
    found["coverage of 80 %"] = _mean(ours["covered"].to_numpy("float64"))
    found["cities under 0.7"] = int((ours["rank_correlation"] < 0.7).sum())
    found["cities under 90 % of best"] = int((ours["part_of_best"] < 0.9).sum())
    found["least rank correlation"] = round(float(ours["rank_correlation"].min()), 3)
    found["least part of best"] = round(float(ours["part_of_best"].min()), 3)
    found["error at stores left out, told"] = round(float(ours["told"].mean()), 3)
    found["error at candidates, found"] = round(float(ours["missed"].mean()), 3)
    return found


def _city(seed: int) -> list[dict[str, Any]]:
    truth = simulate(seed, STORES[seed % len(STORES)])
    areas = truth.areas.drop(columns=["x", "y"])
    stores = truth.stores[["store", "lat", "lon", "revenue"]]
    new = truth.candidates[["candidate", "lat", "lon"]]
    market = fit(stores, areas, truth.rivals[["lat", "lon"]], seed=seed)
    table = suggest(market, new, k=SITES).set_index("candidate").loc[new["candidate"]]
    gain = truth.gains([[row] for row in range(len(new))])
    plans = list(itertools.combinations(range(len(new)), SITES))
    best = float(truth.gains(plans).max())
    luck = np.random.default_rng([seed, 91]).lognormal(0.0, truth.luck, len(new))
    took = np.array([truth.revenue(row) for row in range(len(new))]) * luck
    inside = (table["revenue_low"].to_numpy() <= took) & (took <= table["revenue_high"].to_numpy())
    chosen = np.flatnonzero(table["chosen"].to_numpy())
    ways = {"advice": (table["net_gain"].to_numpy("float64"), chosen)}
    for way, score in _simple(truth).items():
        ways[way] = (score, np.argsort(-score)[:SITES])
    rows = [
        {
            "way": way,
            "rank_correlation": spearmanr(score, gain).statistic,
            "part_of_best": float(truth.gains([plan.tolist()])[0]) / best,
        }
        for way, (score, plan) in ways.items()
    ]
    miss = np.log(table["revenue"].to_numpy("float64") / took)
    rows[0] |= {"covered": inside.mean(), "told": market.error}
    rows[0] |= {"missed": float(np.expm1(np.sqrt(np.mean(miss**2))))}
    return rows


def _simple(truth: Truth) -> dict[str, Floats]:
    """Return how the simpler ways score the candidates."""
    areas = cKDTree(truth.areas[["x", "y"]])
    people = truth.areas["population"].to_numpy("float64")
    new, own = truth.candidates[["x", "y"]].to_numpy(), truth.stores[["x", "y"]].to_numpy()
    apart, _ = cKDTree(own).query(new)
    return {
        "most people": people[areas.query(new)[1]],
        "farthest from own stores": np.asarray(apart),
        "regression with no gravity": _regression(truth, own, new),
    }


def _regression(truth: Truth, own: Floats, new: Floats) -> Floats:
    """Return sales by a ridge regression on what lies around, its strength by leaving one out."""
    x, target = _around(truth, own, own), np.log(truth.stores["revenue"].to_numpy("float64"))
    middle, width = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    x = (x - middle) / width
    best, error = np.zeros(x.shape[1]), np.inf
    for strength in (0.3, 1.0, 3.0, 10.0, 30.0):
        inverse = np.linalg.inv(x.T @ x + strength * np.eye(x.shape[1]))
        weights = inverse @ x.T @ (target - target.mean())
        leverage = np.einsum("sp,pq,sq->s", x, inverse, x) + 1 / len(x)
        missed = (target - target.mean() - x @ weights) / (1 - leverage)
        if np.mean(missed**2) < error:
            best, error = weights, float(np.mean(missed**2))
    return np.asarray((_around(truth, own, new) - middle) / width @ best)


def _around(truth: Truth, own: Floats, places: Floats) -> Floats:
    areas, rivals = cKDTree(truth.areas[["x", "y"]]), cKDTree(truth.rivals[["x", "y"]])
    facts = truth.areas[["population", "income", "offices"]].to_numpy("float64")
    columns: list[Any] = []
    for km in (1.2, 3.0):
        near = areas.query_ball_point(places, km)
        columns += [np.log1p([facts[rows, 0].sum() for rows in near])]
        columns += [[facts[rows, at].mean() for rows in near] for at in (1, 2)]
    columns += [np.log1p(rivals.query_ball_point(places, 2.0, return_length=True))]
    columns += [np.log1p(cKDTree(own).query_ball_point(places, 2.0, return_length=True))]
    return np.stack([np.asarray(column, dtype=np.float64) for column in columns], axis=1)


def _mean(values: Floats) -> list[float]:
    """Return the mean and its 95 % interval, by the standard error over cities."""
    middle, wide = float(values.mean()), 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return [round(middle, 3), round(middle - wide, 3), round(middle + wide, 3)]
