"""A chain's market as fitted: all that is needed to score a place, and nothing else.

A market is stored as bytes (``dumps``) and read back (``loads``); no pickle is in them, so bytes of
strangers run no code.
"""

import json
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd

from advice.sites.fitting import Fitted
from advice.sites.gravity import City, Pairs
from advice.sites.notes import Note, from_plain, plain
from advice.sites.places import Floats

FORMAT = 1
_FRAMES = ("stores", "areas", "rivals")
_ARRAYS = ("area_features", "store_features", "draws", "base", "ramp")
_FIT_ARRAYS = ("params", "covariance", "left_out")


@dataclass(frozen=True, eq=False)
class Market:
    """S stores, A areas and R rivals, the fit, and M draws of what the parameters may be.

    ``stores``: store, name, lat, lon, revenue (mature, minor units a month; NaN unknown), size,
    rent, weeks_open, and own features. ``areas``: area, lat, lon, population, radius_km and
    features. ``rivals``: lat, lon, weight. ``area_features`` [A, F], ``store_features`` [S, G]:
    standardised, by ``scales``: name to (whether of logarithms, mean, deviation). ``draws``:
    [M, P], the first is the mode. ``base``: [M, S], what the areas give each store. ``ramp``: what
    a new store takes in each week, of a settled one's takings; 1 after. ``size``: the usual size.
    ``notes``: what is to be said of the fit. ``seed``: of draws.
    """

    stores: pd.DataFrame
    areas: pd.DataFrame
    rivals: pd.DataFrame
    area_features: Floats
    store_features: Floats
    scales: dict[str, dict[str, tuple[bool, float, float]]]
    unit: float
    reach_km: float
    size: float
    fitted: Fitted
    draws: Floats
    base: Floats
    ramp: Floats
    seed: int
    notes: tuple[Note, ...] = field(default=())

    @property
    def error(self) -> float:
        """The share by which sales of a store left out are usually missed: 0.2 is 20 %.

        Root mean square in logarithms, as a share; NaN where fewer than two stores have sales.
        """
        return float(np.expm1(self.fitted.error))

    def left_out(self) -> pd.DataFrame:
        """Return store, name, revenue, expected (by the other stores) and error (share) a store."""
        miss = self.fitted.left_out
        revenue = self.stores["revenue"].to_numpy("float64")
        expected = revenue / np.exp(miss)
        return pd.DataFrame(
            {
                "store": self.stores["store"],
                "name": self.stores["name"],
                "revenue": revenue,
                "expected": expected,
                "error": expected / revenue - 1,
            }
        )

    def city(self, rows: np.ndarray, own: Pairs, rival: Pairs) -> City:
        """Return the gravity model over the areas at ``rows``, of pairs that count among these."""
        size = np.log(self.stores["size"].to_numpy("float64") / self.size)
        return City(
            people=self.areas["population"].to_numpy("float64")[rows],
            area_features=self.area_features[rows],
            store_features=self.store_features,
            size=np.nan_to_num(size),
            own=own,
            rival=rival,
            weight=self.rivals["weight"].to_numpy("float64"),
            form=self.fitted.form,
            unit=self.unit,
        )

    def dumps(self) -> bytes:
        """Return the market as bytes, for `loads`."""
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"fit.{name}": getattr(self.fitted, name) for name in _FIT_ARRAYS}
        for name in _FRAMES:
            frame: pd.DataFrame = getattr(self, name)
            for column in frame.columns:
                values = frame[column]
                numeric = pd.api.types.is_numeric_dtype(values)
                cells = values.to_numpy("float64") if numeric else _texts(values)
                arrays[f"{name}.{column}"] = cells
        head = {
            "format": FORMAT,
            "scales": self.scales,
            "unit": self.unit,
            "reach_km": self.reach_km,
            "size": self.size,
            "seed": self.seed,
            "notes": plain(self.notes),
            "columns": {name: list(getattr(self, name).columns) for name in _FRAMES},
            "fit": {
                "form": self.fitted.form,
                "spread": self.fitted.spread,
                "freedom": self.fitted.freedom,
                "prior": self.fitted.prior,
                "slack": self.fitted.slack,
            },
        }
        out = BytesIO()
        np.savez_compressed(out, head=np.array(json.dumps(head)), **arrays)
        return out.getvalue()


def loads(stored: bytes) -> Market:
    """Return the market that ``dumps`` wrote. Raises ValueError for bytes of another format."""
    with np.load(BytesIO(stored), allow_pickle=False) as found:
        head = json.loads(str(found["head"]))
        if head["format"] != FORMAT:
            raise ValueError(f"a market of format {head['format']}; this reads {FORMAT}")
        frames: dict[str, Any] = {
            name: pd.DataFrame({c: _cells(found[f"{name}.{c}"]) for c in head["columns"][name]})
            for name in _FRAMES
        }
        fitted = Fitted(**head["fit"], **{name: found[f"fit.{name}"] for name in _FIT_ARRAYS})
        return Market(
            **frames,
            **{name: found[name] for name in _ARRAYS},
            scales={
                of: {name: (bool(s[0]), s[1], s[2]) for name, s in scales.items()}
                for of, scales in head["scales"].items()
            },
            unit=head["unit"],
            reach_km=head["reach_km"],
            size=head["size"],
            fitted=fitted,
            seed=head["seed"],
            notes=tuple(from_plain(head["notes"])),
        )


def noted(market: Market, *notes: Note) -> Market:
    """Return ``market`` with more to be said of it."""
    return replace(market, notes=(*market.notes, *notes))


def _texts(values: pd.Series) -> np.ndarray:
    return np.asarray(["" if pd.isna(v) else str(v) for v in values], dtype=np.str_)


def _cells(stored: np.ndarray) -> Any:
    return stored if stored.dtype.kind == "f" else pd.Series(stored.tolist(), dtype="str")
