"""The integrated density is the dense Gaussian's, and its draws have that Gaussian's moments."""

import numpy as np
import pytest
from scipy import stats

from advice.marketing.density import Density, Shape
from advice.marketing.design import STORE_SD, design
from advice.marketing.panel import Panel, read
from advice.marketing.transforms import Floats
from tests.unit.test_marketing_response import CHANNELS, panel


@pytest.fixture(scope="module")
def known() -> Panel:
    table = panel(stores=4, weeks=34)
    table.loc[[12, 50], "sales"] = 0.0
    return read(table, channels=CHANNELS, outcome="sales", store="store", date="week")


def _dense(known: Panel, density: Density, shape: Shape) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean and covariance of all valid rows, written out; columns of effects and the target."""
    made, valid = design(known), known.valid
    working, factor = density.columns(shape)
    money = np.moveaxis(working * factor[:, None, None], 0, 2)
    stores, weeks = valid.shape
    store, week = np.nonzero(valid)
    chain = np.concatenate([made.columns, money], axis=2)[valid]
    prior = np.concatenate([made.sd, density.prior_sd])
    covariance = chain @ np.diag(prior**2) @ chain.T
    slope = np.broadcast_to(np.stack([np.ones(weeks), made.slope], 1), (stores, weeks, 2))
    own = np.concatenate([slope, money], axis=2)[valid]
    spread = np.concatenate([STORE_SD, shape.spread])
    same = store[:, None] == store
    covariance += same * (own @ np.diag(spread**2) @ own.T)
    covariance += (week[:, None] == week) * shape.shock**2
    apart = np.abs(week[:, None] - week)
    # A disturbance is forgotten over a week that cannot be used.
    gone = np.cumsum(~valid, axis=1)[store, week]
    kept = same & (gone[:, None] == gone)
    size = made.scale[store] * shape.noise
    covariance += (
        kept * size[:, None] * size * shape.persistence**apart / (1 - shape.persistence**2)
    )
    return money[valid] @ density.prior_mean, covariance, money[valid], made.y[valid]


def test_the_density_is_that_of_the_gaussian_written_out(known: Panel) -> None:
    density = Density(known, np.array([-2.0, -2.0]), np.array([6.0, 6.0]))
    rng = np.random.default_rng(0)
    fast, slow = [], []
    for _ in range(4):
        position = 0.7 * rng.standard_normal(density.size)
        mean, covariance, _, target = _dense(known, density, density.shape(position))
        slow.append(
            stats.multivariate_normal.logpdf(target, mean, covariance) - 0.5 * position @ position
        )
        fast.append(density(position))
    np.testing.assert_allclose(np.diff(fast), np.diff(slow), rtol=1e-6)


def test_draws_of_effects_have_the_mean_and_spread_of_the_gaussian(known: Panel) -> None:
    density = Density(known, np.array([-2.0, -2.0]), np.array([6.0, 6.0]))
    position = np.zeros(density.size)
    shape = density.shape(position)
    mean, covariance, money, target = _dense(known, density, shape)
    _, factor = density.columns(shape)
    rng = np.random.default_rng(0)
    drawn = np.array([density.draw(position, rng).effect[0, 2] for _ in range(800)]) / factor[0]
    # The return of channel 0 in store 2: the chain's and its own departure from it.
    store = np.nonzero(known.valid)[0]
    shared = density.prior_sd[0] ** 2 + shape.spread[0] ** 2 * (store == 2)
    across = money[:, 0] * shared
    weight = np.linalg.solve(covariance, across)
    expected = density.prior_mean[0] + weight @ (target - mean)
    spread = np.sqrt(density.prior_sd[0] ** 2 + shape.spread[0] ** 2 - weight @ across)
    assert drawn.mean() == pytest.approx(expected, abs=4 * spread / np.sqrt(len(drawn)))
    assert drawn.std() == pytest.approx(spread, rel=0.1)
