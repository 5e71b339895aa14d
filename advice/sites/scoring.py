"""What a store at a place would take, and of whom: by every draw of the parameters.

A new store's pull ``a f`` joins all there is on an area, ``S``, and gets ``a f / (S + a f)`` of it.
Each outlet there loses that same part of its own share, so a sister's loss is the part of her
present sales that comes from the areas, times what is drawn off them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import stdtrit

from advice.sites.gravity import SIZE, City, Pairs, pairs
from advice.sites.learning import standardised
from advice.sites.market import Market
from advice.sites.places import Floats
from chain.errors import PermanentError

NOISES = 16


@dataclass(frozen=True, eq=False)
class Ground:
    """The areas within reach of candidates, and the three kinds of pairs on them.

    ``city``: the areas and what is there. ``new``: pairs of areas and candidates. ``size``: [C],
    log of a candidate's size relative to the chain's. ``effect``: [C, G], its own features.
    """

    city: City
    new: Pairs
    size: Floats
    effect: Floats
    rows: np.ndarray

    @property
    def count(self) -> int:
        """How many candidates there are."""
        return len(self.size)

    def pulls(self, params: Floats) -> Floats:
        """Return the pull of each new pair: [P]."""
        size = np.exp(params[SIZE] * self.size[self.new.outlet])
        return np.asarray(size * self.city.decay(self.new.km, params))

    def lift(self, params: Floats) -> Floats:
        """Return what a candidate's own features make of its sales: [C], 1 for usual ones."""
        count = self.effect.shape[1]
        return np.exp(self.effect @ params[len(params) - count :]) if count else np.ones(self.count)

    def matrix(self, values: Floats) -> sparse.csr_array:
        """Return ``values`` of the new pairs as candidates by areas."""
        shape = (self.count, len(self.city.people))
        return sparse.csr_array((values, (self.new.outlet, self.new.area)), shape=shape)


@dataclass(frozen=True, eq=False)
class Scored:
    """Of C candidates by M draws: ``revenue`` [C, M] and the ``loss`` of each store [C, M, S].

    Both in minor units a month, once settled; before what no model knows of a single store.
    """

    revenue: Floats
    loss: Floats

    @property
    def net(self) -> Floats:
        """Return what the chain gains: [C, M]."""
        return np.asarray(self.revenue - self.loss.sum(axis=2))


def ground(market: Market, candidates: pd.DataFrame) -> Ground:
    """Return the ground of checked ``candidates`` (`frames.candidates_frame`).

    Raises PermanentError for a candidate that no area is near to: nobody knows who lives there.
    """
    found = pairs(market.areas, candidates, market.reach_km)
    lost = np.bincount(found.outlet, minlength=len(candidates)) == 0
    if lost.any():
        row = str(candidates["candidate"].iloc[int(lost.argmax())])
        raise PermanentError("sites.uncovered", row=row, km=round(market.reach_km))
    rows = np.unique(found.area)
    at = np.full(len(market.areas), -1)
    at[rows] = np.arange(len(rows))
    near = market.areas.iloc[rows]
    own = pairs(near, market.stores, market.reach_km)
    rival = pairs(near, market.rivals, market.reach_km)
    size = np.log(candidates["size"].to_numpy("float64", na_value=np.nan) / market.size)
    return Ground(
        city=market.city(rows, own, rival),
        new=Pairs(at[found.area], found.outlet, found.km),
        size=np.nan_to_num(size),
        effect=standardised(candidates, market.scales["store"]),
        rows=rows,
    )


def score(market: Market, on: Ground) -> Scored:
    """Return revenue and losses of each candidate alone, by each draw of the market."""
    found = list(_by_draw(market, on))
    revenue = np.stack([each[0] for each in found], axis=1)
    return Scored(revenue, np.stack([each[1] for each in found], axis=1))


def _by_draw(market: Market, on: Ground) -> Iterator[tuple[Floats, Floats]]:
    sales = present_sales(market)
    for draw, params in enumerate(market.draws):
        own, total = on.city.attractions(params)
        demand = on.city.demand(params)
        pull = on.pulls(params)
        drawn = on.matrix(pull / (total[on.new.area] + pull))
        spent = demand[on.city.own.area] * own / total[on.city.own.area]
        shape = (len(demand), len(sales))
        held = sparse.csr_array((spent, (on.city.own.area, on.city.own.outlet)), shape=shape)
        part = (drawn @ held).toarray() / np.maximum(market.base[draw], 1e-9)
        yield (drawn @ demand) * on.lift(params), part * sales


def present_sales(market: Market) -> Floats:
    """Return each store's mature sales a month, as known or else as the model has them: [S]."""
    effects = market.draws[0][len(market.draws[0]) - market.store_features.shape[1] :]
    expected = market.base[0] * np.exp(market.store_features @ effects)
    known = market.stores["revenue"].to_numpy("float64")
    return np.where(np.isfinite(known), known, expected)


def noises(market: Market) -> Floats:
    """Return what a single store makes of its place, as factors of equal chance: [N].

    Quantiles of Student's t with the fit's degrees of freedom, scaled by its spread.
    """
    middle = (np.arange(NOISES) + 0.5) / NOISES
    return np.asarray(np.exp(market.fitted.spread * stdtrit(market.fitted.freedom, middle)))


def with_noise(values: Floats, factors: Floats) -> Floats:
    """Return [C, M] values as [C, M × N] outcomes."""
    return np.asarray((values[:, :, None] * factors).reshape(len(values), -1))
