"""Stores whose figures changed since the shown run are forecast again, and no others.

The chain's choice is kept: each store is forecast by the model that serves it. Models that learn
from all stores get some others to lean on. What others were forecast is copied, scores too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import forecasting
from forecasting.models.base import Model
from warehouse import forecast_stored
from warehouse.forecast_results import GroupResult, RunResult, StoreResult
from warehouse.forecast_runs import Run
from warehouse.reads.history import fingerprints
from workers.forecast_frames import Frames
from workers.forecast_models import ALONE
from workers.forecast_results import figures

MOST = 0.2
"""Where more stores than this share have changed, all are forecast again."""
BESIDE = 40
"""So many other stores are there for models that learn from several."""


@dataclass(frozen=True)
class Changed:
    """The stores whose figures a run learned otherwise, and which share of all they are."""

    stores: tuple[int, ...]
    share: float


def changed(connection: Connection, chain_id: int, shown: Run) -> Changed:
    """Return the stores whose figures up to the run's last day are no longer what it learned."""
    if shown.learned_until is None:
        return Changed((), 0.0)
    now = fingerprints(connection, shown.learned_until)
    learned = forecast_stored.learned(connection, chain_id, shown.run_id)
    stores = tuple(store for store, print_ in learned.items() if now.get(store, 0) != print_)
    return Changed(stores, len(stores) / max(len(learned), 1))


def refitted(
    base: RunResult, run: Run, made: Frames, prints: dict[int, int], seed: int
) -> RunResult:
    """Return ``base`` with the run's stores forecast anew, by the models that serve them."""
    before = {store.store_id: store for store in base.stores}
    again = [store for store in run.spec["stores"] if store in before]
    now = dict(before)
    for store in again:
        now[store] = replace(before[store], fingerprint=prints.get(store, 0))
    for model in sorted({before[store].model for store in again}):
        stores = [store for store in again if before[store].model == model]
        for store, mean, spread, opened in _forecast(made, stores, model, seed):
            now[store] = replace(
                now[store], mean=mean, quantiles=spread, open=opened, reason="", params=None
            )
    found = list(now.values())
    return replace(base, stores=found, groups=[_group(group, found) for group in base.groups])


def _forecast(
    made: Frames, stores: Sequence[int], model: str, seed: int
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64], NDArray[Any]]]:
    known = made.of(np.array([*stores, *([] if model in ALONE else _beside(made, stores))]))
    if not len(known.future):
        return
    entrants = forecasting.entrants()
    models: list[Model] = [each for each in entrants if each.name == model] or list(entrants)
    outcome = forecasting.tournament(known.history, known.future, models=models, seed=seed)
    found = figures(outcome, known.future)
    for at, store in enumerate(found.stores.tolist()):
        if store in stores:
            yield (
                store,
                np.rint(found.mean[at]).astype(np.int64),
                np.rint(found.spread[at]).astype(np.int64),
                found.open[at],
            )


def _beside(made: Frames, stores: Sequence[int]) -> list[int]:
    """Return some other stores, evenly over all, always the same ones."""
    others = np.setdiff1d(made.future["store"].unique(), stores)
    step = max(len(others) // BESIDE, 1)
    return [int(store) for store in others[::step][:BESIDE]]


def _group(group: GroupResult, stores: Sequence[StoreResult]) -> GroupResult:
    """Return a group with its new sum; its range is as wide as before in relation to it."""
    members = set(group.store_ids)
    now = np.sum(
        [store.mean for store in stores if store.store_id in members and store.mean is not None],
        axis=0,
    )
    by = now / np.where(group.mean > 0, group.mean, 1)
    return replace(
        group, mean=now, quantiles=np.rint(group.quantiles * by[:, None]).astype("int64")
    )
