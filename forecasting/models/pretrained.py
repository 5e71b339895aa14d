"""A pretrained time-series model of the Chronos family, from weights that lie on this machine.

Optional: it needs the extra ``pretrained`` and a folder of weights, named by the setting
``forecast_model``. Nothing is ever downloaded. Chronos-2 is told what is known ahead; Chronos and
Chronos-Bolt know the past alone.
"""

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from chain.errors import PermanentError
from forecasting import features
from forecasting.panel import OPEN, Floats, Panel

log = structlog.get_logger(__name__)

_FEWEST_DAYS = 14
_BATCH = 32
_LONGEST = 2048
_LEVELS = [round(0.1 * tenth, 1) for tenth in range(1, 10)]


@dataclass(frozen=True)
class Pretrained:
    """The model whose weights and ``config.json`` lie in the folder ``path``."""

    path: Path
    name: str = "pretrained"

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H]; NaN for a store with less than 14 days with sales.

        All NaN, and the reason logged, where the model cannot be loaded: ``loaded`` raises it.
        """
        out = np.full((len(panel.stores), panel.horizon), np.nan)
        selling = panel.open[:, : panel.origin] & (panel.history > 0)
        rows = np.flatnonzero(selling.sum(axis=1) >= _FEWEST_DAYS)
        try:
            pipeline = loaded(self.path)
        except PermanentError as error:
            log.error("the pretrained model is left out", reason=str(error))
            return out
        import torch

        known = _covariates(panel) if _told(pipeline) else {}
        batches = np.split(rows, np.arange(_BATCH, len(rows), _BATCH)) if len(rows) else []

        def one(part: Any) -> Floats:
            return _batch(pipeline, panel, part, known)

        # One thread a batch, batches of one size: nothing depends on how many workers there are.
        threads, state = torch.get_num_threads(), torch.random.get_rng_state()
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        try:
            drawn = 1 if _draws(pipeline) else workers
            with warnings.catch_warnings(), ThreadPoolExecutor(drawn) as pool:
                # The tournament's scores say how well a long horizon goes.
                warnings.filterwarnings("ignore", "We recommend keeping prediction length")
                for part, found in zip(batches, pool.map(one, batches), strict=True):
                    out[part] = np.maximum(found, 0.0)
        finally:
            torch.set_num_threads(threads)
            torch.random.set_rng_state(state)
        return out


@cache
def loaded(path: Path) -> Any:
    """Return the pipeline of the model in ``path``, loaded once a process.

    Raises PermanentError where the extra is not installed, or the folder is no such model.
    """
    try:
        from chronos import BaseChronosPipeline
        from transformers.utils.logging import disable_progress_bar
    except ImportError as error:
        raise PermanentError("forecasting.pretrained.not_installed") from error
    if not (path / "config.json").is_file():
        raise PermanentError("forecasting.pretrained.no_model", path=str(path))
    disable_progress_bar()
    try:
        return BaseChronosPipeline.from_pretrained(
            str(path), local_files_only=True, device_map="cpu"
        )
    except Exception as error:  # what a strange folder raises is anything
        raise PermanentError(
            "forecasting.pretrained.unreadable", path=str(path), said=str(error)[:200]
        ) from error


def _told(pipeline: Any) -> bool:
    return bool(type(pipeline).__name__ == "Chronos2Pipeline")


def _draws(pipeline: Any) -> bool:
    """Return whether it samples, so that batches must follow each other."""
    return bool(type(pipeline).__name__ == "ChronosPipeline")


def _covariates(panel: Panel) -> dict[str, Floats]:
    known = features.covariates(panel)
    columns = known.flags | known.events | known.measures
    if OPEN in panel.known:
        columns[OPEN] = panel.open.astype(np.float32)
    return {name: values.astype(np.float64) for name, values in columns.items()}


def _batch(pipeline: Any, panel: Panel, rows: Any, known: dict[str, Floats]) -> Floats:
    """Return the expected value, [len(rows), H]: the mean of nine quantiles."""
    series = list(_series(panel, rows))
    given: list[Any] = [values for values, _ in series]
    if known:
        given = [
            {
                "target": values,
                "past_covariates": {n: c[row, start : panel.origin] for n, c in known.items()},
                "future_covariates": {n: c[row, panel.origin :] for n, c in known.items()},
            }
            for row, (values, start) in zip(rows, series, strict=True)
        ]
    elif not _told(pipeline):
        import torch

        given = [torch.from_numpy(values) for values in given]
    quantiles, _ = pipeline.predict_quantiles(
        given, prediction_length=panel.horizon, quantile_levels=_LEVELS
    )
    found = [np.asarray(each, dtype=np.float64) for each in quantiles]
    return np.stack([each.reshape(panel.horizon, len(_LEVELS)).mean(axis=1) for each in found])


def _series(panel: Panel, rows: Any) -> Iterator[tuple[Floats, int]]:
    """Give each store's figures from its first sale, NaN on closed days, and where they start."""
    for row in rows:
        opened = panel.open[row, : panel.origin]
        values = np.where(opened, panel.history[row], np.nan)
        start = max(int((values > 0).argmax()), panel.origin - _LONGEST)
        yield values[start:], start
