"""Models that are played in pieces: by whom and when is kept apart from who wins.

Some models learn from all stores at once; others take each store alone, and long. The latter are
played chunk by chunk, by as many workers as there are, and what they answered to each question of
the backtest is kept. At the end one tournament is held over all stores, in which a played model
repeats its answers: choice, scores and ranges are the same as if it had played there.
"""

import io
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

import forecasting
from forecasting import Note
from forecasting.models.base import Model
from forecasting.panel import Floats, Panel

ALONE = frozenset({"auto_ets", "mstl", "pretrained", "prophet", "prophet_plain", "theta"})
"""The models that take each store alone."""

QUICK = frozenset({"seasonal_naive", "panel_regression"})
"""The models that answer for a thousand stores within seconds."""

_Question = tuple[str, str, int]
"""A model's name, the first day asked for, and how many."""


def quick() -> list[Model]:
    """Return the models of a quick run."""
    return [model for model in forecasting.entrants() if model.name in QUICK]


def alone() -> list[Model]:
    """Return the models that are played chunk by chunk."""
    return [model for model in forecasting.entrants() if model.name in ALONE]


@dataclass(frozen=True)
class _Recorded:
    """A model that plays, while what it answers is written down."""

    model: Model
    answers: dict[str, Floats]
    seconds: dict[str, float]

    @property
    def name(self) -> str:
        return self.model.name

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        begun = time.perf_counter()
        answer = self.model.predict(panel, seed=seed, workers=workers)
        self.answers["|".join(map(str, _question(self.name, panel)))] = answer
        took = time.perf_counter() - begun
        self.seconds[self.name] = self.seconds.get(self.name, 0.0) + took
        return answer


def _question(name: str, panel: Panel) -> _Question:
    return name, f"{panel.dates[panel.origin]:%Y-%m-%d}", panel.horizon


def play(
    history: pd.DataFrame, future: pd.DataFrame, models: Sequence[Model], *, seed: int
) -> bytes:
    """Let ``models`` answer all that a tournament asks of these stores; return it packed."""
    answers: dict[str, Floats] = {}
    seconds: dict[str, float] = {}
    recorded = [_Recorded(model, answers, seconds) for model in models]
    outcome = forecasting.tournament(history, future, models=recorded, seed=seed, workers=1)
    packed = io.BytesIO()
    np.savez_compressed(
        packed,
        allow_pickle=False,
        stores=np.asarray(outcome.backtest.stores, dtype=np.int64),
        models=np.array(list(seconds), dtype=np.str_),
        seconds=np.array(list(seconds.values()), dtype=float),
        **answers,
    )
    return packed.getvalue()


@dataclass(frozen=True)
class Played:
    """A model that repeats what it answered; of what it was not asked it says nothing."""

    name: str
    answers: dict[_Question, dict[int, Floats]] = field(default_factory=dict)

    def predict(self, panel: Panel, *, seed: int, workers: int) -> Floats:
        """Return [S, H], NaN for a store that was not asked about these days."""
        del seed, workers
        known = self.answers.get(_question(self.name, panel), {})
        nothing = np.full(panel.horizon, np.nan)
        return np.array([known.get(int(store), nothing) for store in panel.stores])


@dataclass(frozen=True)
class Answers:
    """What all chunks of a run answered, and how many seconds each model took."""

    models: dict[str, Played]
    seconds: dict[str, float]

    def unheard(self, stores: Iterable[int]) -> Iterator[Note]:
        """Give a note for each store and each model that said nothing of it.

        Of a store whose chunk failed that is all of them, and a model that is broken says nothing
        anywhere.
        """
        for model in alone():
            played = self.models.get(model.name, Played(model.name))
            heard = {
                store
                for known in played.answers.values()
                for store, answer in known.items()
                if np.isfinite(answer).any()
            }
            for store in stores:
                if store not in heard:
                    yield Note(store, "forecasting.note.left_out", {"model": model.name})

    def models_in(self, entrants: Iterable[Model]) -> list[Model]:
        """Return ``entrants``, those that are played chunk by chunk by their answers."""
        return [
            self.models.get(model.name, Played(model.name)) if model.name in ALONE else model
            for model in entrants
        ]


def answers(chunks: Iterable[bytes]) -> Answers:
    """Unpack what ``play`` packed."""
    found = Answers({}, {})
    for packed in chunks:
        if not packed:
            continue
        with np.load(io.BytesIO(packed), allow_pickle=False) as chunk:
            stores = chunk["stores"].tolist()
            for name, took in zip(chunk["models"].tolist(), chunk["seconds"].tolist(), strict=True):
                found.seconds[name] = found.seconds.get(name, 0.0) + took
            for key in set(chunk.files) - {"stores", "models", "seconds"}:
                name, first, steps = key.split("|")
                played = found.models.setdefault(name, Played(name))
                known = played.answers.setdefault((name, first, int(steps)), {})
                known.update(zip(stores, chunk[key], strict=True))
    return found
