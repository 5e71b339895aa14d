"""A tournament's outcome as the rows that are stored: whole minor units that add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import forecasting
from forecasting import Note, Outcome, hierarchy
from forecasting.panel import Floats
from warehouse.forecast_results import GroupResult, RunResult, Score, StoreResult
from workers.forecast_drivers import Explained

PROPHET = "prophet"
NAIVE = "seasonal_naive"
LEVELS = forecasting.QUANTILES
QUANTILES = [f"q{level:g}" for level in LEVELS]

_LEAST_DAYS = 7


@dataclass(frozen=True)
class Figures:
    """What is forecast of S stores on H days: ``mean`` [S, H], ``spread`` [S, H, 9], ``open``."""

    stores: NDArray[np.int64]
    days: pd.DatetimeIndex
    mean: Floats
    spread: Floats
    open: NDArray[np.bool_]
    models: Sequence[str]


def figures(outcome: Outcome, future: pd.DataFrame) -> Figures:
    """Return the forecast of an outcome as arrays."""
    rows = outcome.forecast.sort_values(["store", "ds"], ignore_index=True)
    stores = rows["store"].unique()
    days = pd.DatetimeIndex(rows["ds"].unique())
    shape = (len(stores), len(days))
    asked = future[future["store"].isin(stores)].sort_values(["store", "ds"])
    return Figures(
        stores=np.asarray(stores, dtype=np.int64),
        days=days,
        mean=rows["mean"].to_numpy(float).reshape(shape),
        spread=rows[QUANTILES].to_numpy(float).reshape(*shape, len(QUANTILES)),
        open=asked["open"].to_numpy().reshape(shape) > 0,
        models=rows["model"].to_numpy().reshape(shape)[:, 0].tolist(),
    )


def result(
    outcome: Outcome,
    future: pd.DataFrame,
    *,
    first_day: date,
    regions: Mapping[int, int],
    fingerprints: Mapping[int, int],
    silent: Mapping[int, date],
    seconds: Mapping[str, float],
    explained: Explained,
) -> RunResult:
    """Return all that is stored of a run.

    ``regions``: of each store, 0 for none. ``seconds``: what models took that were played before.
    """
    found = figures(outcome, future)
    of = [regions.get(int(store), 0) for store in found.stores]
    whole = hierarchy.whole(found.mean, of)
    stores = [
        *_served(outcome, found, whole, fingerprints, explained),
        *_refused(outcome.refused, silent, fingerprints),
    ]
    return RunResult(
        first_day=first_day,
        stores=stores,
        groups=_groups(outcome, found, whole, np.array(of, dtype=np.int64)),
        scores=[*_scores(outcome, seconds)],
        spec={"correlation": correlations(outcome)},
    )


def _served(
    outcome: Outcome,
    found: Figures,
    whole: NDArray[np.int64],
    fingerprints: Mapping[int, int],
    explained: Explained,
) -> list[StoreResult]:
    table = outcome.scores
    served = table[table["served"]].set_index("store")["wape"]
    of = {
        name: table[table["model"] == name].set_index("store")["wape"] for name in (NAIVE, PROPHET)
    }
    notes: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    for note in outcome.notes:
        notes.setdefault(int(note.store), []).append((note.reason, dict(note.params)))
    losing = {int(str(store)) for store in outcome.losing}
    return [
        StoreResult(
            store_id=int(store),
            fingerprint=fingerprints.get(int(store), 0),
            mean=whole[at],
            quantiles=np.rint(found.spread[at]).astype(np.int64),
            open=found.open[at],
            model=found.models[at],
            notes=notes.get(int(store), ()),
            wape=_figure(served, store),
            naive_wape=_figure(of[NAIVE], store),
            prophet_wape=_figure(of[PROPHET], store),
            loses=int(store) in losing,
            is_new=int(store) in explained.new,
            drivers=explained.drivers.get(int(store)),
        )
        for at, store in enumerate(found.stores)
    ]


def _figure(column: "pd.Series[float]", store: int) -> float | None:
    value = column.get(store)
    return None if value is None or not np.isfinite(value) else float(value)


def _refused(
    refused: Sequence[Note], silent: Mapping[int, date], fingerprints: Mapping[int, int]
) -> list[StoreResult]:
    said = {int(note.store): (note.reason, dict(note.params)) for note in refused}
    for store, day in silent.items():
        said[store] = ("forecasting.refused.silent", {"day": day.isoformat()})
    return [
        StoreResult(store, fingerprints.get(store, 0), reason=reason, params=params)
        for store, (reason, params) in said.items()
    ]


def _groups(
    outcome: Outcome, found: Figures, whole: NDArray[np.int64], regions: NDArray[np.int64]
) -> list[GroupResult]:
    units = [("region", int(each)) for each in np.unique(regions[regions > 0])]
    units.append(("chain", 0))
    belongs = np.array(
        [(regions == unit) if level == "region" else np.ones(len(regions), bool)
         for level, unit in units]
    )  # fmt: skip
    at = outcome.backtest.stores.get_indexer(pd.Index(found.stores))
    spread = hierarchy.quantiles(
        found.spread,
        LEVELS,
        belongs,
        outcome.backtest.actual[:, at],
        outcome.backtest.forecast[:, at],
    )
    return [
        GroupResult(
            level=level,
            unit_id=unit,
            store_ids=found.stores[own].tolist(),
            mean=whole[own].sum(axis=0),
            quantiles=np.rint(spread[number]).astype(np.int64),
        )
        for number, ((level, unit), own) in enumerate(zip(units, belongs, strict=True))
    ]


def _scores(outcome: Outcome, seconds: Mapping[str, float]) -> list[Score]:
    table, chain, steps = outcome.scores, outcome.chain, outcome.coverage
    found = [
        Score(int(store), model, metric, float(score))
        for metric in ("wape", "chosen_on")
        for store, model, score in zip(table["store"], table["model"], table[metric], strict=True)
    ]
    took = [
        seconds.get(model, own) for model, own in zip(chain["model"], chain["seconds"], strict=True)
    ]
    for metric in ("stores", "wape", "wql", "coverage"):
        found += [
            Score(0, model, metric, float(score))
            for model, score in zip(chain["model"], chain[metric], strict=True)
        ]
    found += [
        Score(0, model, "seconds", own) for model, own in zip(chain["model"], took, strict=True)
    ]
    found += [
        Score(0, "served", "coverage", float(share), int(first), int(last))
        for first, last, share in zip(steps["first"], steps["last"], steps["coverage"], strict=True)
    ]
    return [score for score in found if np.isfinite(score.score)]


def correlations(outcome: Outcome) -> dict[str, float]:
    """Return how much the misses of one unit's days have in common, by level: 0 to 1.

    By the variance of a window's mean miss: with days alike it is that of a day, with days that
    know nothing of each other 1/H' of it. Without a backtest they are taken as half alike.
    """
    actual, forecast = outcome.backtest.actual, outcome.backtest.forecast
    known = np.isfinite(actual) & np.isfinite(forecast)
    miss = np.where(known, actual - forecast, 0.0)
    return {
        "store": _shared(np.where(known, miss, np.nan)),
        "group": _shared(np.where(known.any(axis=1), miss.sum(axis=1), np.nan)[:, None, :]),
    }


def _shared(miss: Floats) -> float:
    """Return the intraclass correlation of days [W, S, H'] within window and store."""
    usual = np.sqrt(_mean(miss**2, (0, 2)))
    scaled = miss / np.where(usual > 0, usual, np.nan)[None, :, None]
    days = np.isfinite(scaled).sum(axis=2)
    usable = days >= _LEAST_DAYS
    if not usable.any():
        return 0.5
    mean = _mean(scaled, 2)[usable]
    alone = (1 / days[usable]).mean()
    return float(np.clip((np.mean(mean**2) - alone) / (1 - alone), 0.0, 1.0))


def _mean(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))
