"""From the chain's own sales to the parameters of its market: a penalised fit, its error beside it.

Log sales are the gravity model's plus the effects of area and store features; all parameters have a
normal prior (ridge), and the fit is by Gauss–Newton steps. How far features may move sales and how
pull falls with distance are chosen by the error at stores left out.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from advice.sites.gravity import DECAY, FORMS, GRAVITY, LEVEL, OUTSIDE, RIVAL, SIZE, City, Form
from advice.sites.places import Floats

FEWEST = 8
"""With fewer stores that have sales, nothing but the level is fitted."""

_PRIOR = {LEVEL: (0.0, 20.0), OUTSIDE: (0.0, 1.0), RIVAL: (-0.3, 0.6), SIZE: (0.6, 0.4)}
_DECAY: dict[Form, tuple[float, float]] = {"exponential": (0.0, 0.8), "power": (0.9, 0.5)}
_SLACK = (0.05, 0.15, 0.4)
_SLACK_USUAL = 0.15
_STORE_SLACK = 0.25
_SPREAD, _SPREAD_WEIGHT = 0.25, 4.0
_ROUNDS = 4


@dataclass(frozen=True, eq=False)
class Flows:
    """Counted visits of pairs of `City.own`: ``pair`` [N] positions, ``count`` [N]."""

    pair: np.ndarray
    count: Floats


@dataclass(frozen=True, eq=False)
class Fitted:
    """Parameters of a market, how sure they are, and how far they miss.

    ``params``: [P] at the mode; ``covariance``: [P, P]; ``spread``: the standard deviation of a
    store's log sales about the model; ``freedom``: its degrees of freedom; ``left_out``: [S], log
    sales less what the other stores say of it, NaN where a store has no sales; ``prior``: whether
    nothing but the level is fitted; ``slack``: the prior deviation of effects of area features.
    """

    form: Form
    params: Floats
    covariance: Floats
    spread: float
    freedom: float
    left_out: Floats
    prior: bool
    slack: float = _SLACK_USUAL

    @property
    def error(self) -> float:
        """Root of the mean squared error at stores left out, in logarithms; NaN with under two."""
        known = self.left_out[np.isfinite(self.left_out)]
        return float(np.sqrt(np.mean(known**2))) if len(known) > 1 else float("nan")


def fit_city(city: City, sales: Floats, flows: Flows | None = None) -> Fitted:
    """Return the fit of ``city`` to ``sales`` [S], NaN where a store's are unknown, and to flows.

    With fewer than eight stores' sales the gravity prior stands as it is and only its level is
    fitted. Raises ValueError without any sales.
    """
    log_sales = np.log(sales)
    known = np.isfinite(log_sales)
    if not known.any():
        raise ValueError("no store has sales")
    if known.sum() < FEWEST:
        return _few(city, log_sales, flows)
    best = min((_fit(city.shaped(form), log_sales, _SLACK[1], flows) for form in FORMS), key=_score)
    shaped = city.shaped(best.form)
    others = [
        _fit(shaped, log_sales, slack, flows, best.params) for slack in (_SLACK[0], _SLACK[2])
    ]
    return min((best, *others), key=_score)


def refit_without(city: City, sales: Floats, fitted: Fitted, store: int) -> float:
    """Return log sales of ``store`` less what a fit without them says: the slow way, for tests."""
    hidden = np.log(sales)
    hidden[store] = np.nan
    again = _fit(city.shaped(fitted.form), hidden, fitted.slack, None, fitted.params)
    expected, _ = city.shaped(fitted.form).log_sales(again.params)
    return float(np.log(sales[store]) - expected[store])


def prior(city: City, slack: float) -> tuple[Floats, Floats]:
    """Return means and standard deviations of all parameters before any sales: [P], [P]."""
    areas, stores = city.area_features.shape[1], city.store_features.shape[1]
    mean = np.zeros(GRAVITY + areas + stores)
    deviation = np.full(len(mean), _STORE_SLACK)
    deviation[GRAVITY : GRAVITY + areas] = slack
    for at, (middle, width) in {**_PRIOR, DECAY: _DECAY[city.form]}.items():
        mean[at], deviation[at] = middle, width
    return mean, deviation


def _score(fitted: Fitted) -> float:
    return fitted.error


def _fit(
    city: City, log_sales: Floats, slack: float, flows: Flows | None, start: Floats | None = None
) -> Fitted:
    known = np.isfinite(log_sales)
    mean, width = prior(city, slack)
    params, spread = mean if start is None else start, _SPREAD
    params = _levelled(city, params, log_sales)
    for _ in range(_ROUNDS):
        params = _mode(city, log_sales, params, mean, width, spread, flows)
        expected, slopes = city.log_sales(params)
        error, design = (log_sales - expected)[known], slopes[known] / spread
        precision = design.T @ design + np.diag(width**-2.0) + _flow_precision(city, params, flows)
        covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
        leverage = np.clip(np.einsum("sp,pq,sq->s", design, covariance, design), 0.0, 0.98)
        freedom = max(known.sum() - leverage.sum(), 1.0) + _SPREAD_WEIGHT
        before = spread
        spread = float(np.sqrt((error @ error + _SPREAD_WEIGHT * _SPREAD**2) / freedom))
        if abs(spread / before - 1) < 0.02:
            break
    left_out = np.full(len(log_sales), np.nan)
    left_out[known] = error / (1 - leverage)
    return Fitted(
        city.form, params, covariance, spread, freedom, left_out, prior=False, slack=slack
    )


def _mode(
    city: City,
    log_sales: Floats,
    start: Floats,
    mean: Floats,
    width: Floats,
    spread: float,
    flows: Flows | None,
) -> Floats:
    known = np.isfinite(log_sales)

    def residuals(params: Floats) -> Floats:
        expected, _ = city.log_sales(params)
        parts = [(expected - log_sales)[known] / spread, (params - mean) / width]
        return np.concatenate([*parts, _flow_residuals(city, params, flows)])

    def slopes(params: Floats) -> Floats:
        _, found = city.log_sales(params)
        parts = [found[known] / spread, np.diag(1 / width)]
        return np.concatenate([*parts, _flow_slopes(city, params, flows)])

    found = least_squares(residuals, start, jac=slopes, method="trf", xtol=1e-6, max_nfev=40)
    return np.asarray(found.x)


def flow_shares(city: City, params: Floats, flows: Flows) -> tuple[Floats, Floats]:
    """Return the share of each flow among those of its area [N], and its area's total [N].

    Flows say nothing of what goes elsewhere, so shares are among the outlets that were asked about.
    """
    own, _ = city.attractions(params)
    pull, area = own[flows.pair], city.own.area[flows.pair]
    total = np.bincount(area, pull, minlength=len(city.people))[area]
    count = np.bincount(area, flows.count, minlength=len(city.people))[area]
    return pull / np.maximum(total, 1e-300), count


def _flow_residuals(city: City, params: Floats, flows: Flows | None) -> Floats:
    """Return the distances of roots of counts (Freeman and Tukey), each of variance about 1."""
    if flows is None:
        return np.zeros(0)
    share, total = flow_shares(city, params, flows)
    return np.asarray(2 * (np.sqrt(total * share) - np.sqrt(flows.count)))


def _flow_slopes(city: City, params: Floats, flows: Flows | None) -> Floats:
    found = np.zeros((0 if flows is None else len(flows.count), len(params)))
    for at in (DECAY, SIZE) if flows is not None else ():
        moved = params.copy()
        moved[at] += 1e-4
        there, here = (_flow_residuals(city, each, flows) for each in (moved, params))
        found[:, at] = (there - here) / 1e-4
    return found


def _flow_precision(city: City, params: Floats, flows: Flows | None) -> Floats:
    """Return what the flows say of the parameters; the more they scatter, the less: [P, P]."""
    slopes = _flow_slopes(city, params, flows)
    errors = _flow_residuals(city, params, flows)
    scatter = max(1.0, float(np.mean(errors**2))) if len(errors) else 1.0
    return np.asarray(slopes.T @ slopes / scatter)


def _levelled(city: City, params: Floats, log_sales: Floats) -> Floats:
    expected, _ = city.log_sales(params)
    level = params.copy()
    level[LEVEL] += float(np.nanmedian(log_sales - expected))
    return level


def _few(city: City, log_sales: Floats, flows: Flows | None) -> Fitted:
    """Return the prior; with flows, the way of falling with distance that tells them best."""
    if flows is None:
        return _prior_alone(city.shaped("exponential"), log_sales, None)
    tried = [_prior_alone(city.shaped(form), log_sales, flows) for form in FORMS]
    return min(
        tried,
        key=lambda each: float(
            np.sum(_flow_residuals(city.shaped(each.form), each.params, flows) ** 2)
        ),
    )


def _prior_alone(city: City, log_sales: Floats, flows: Flows | None) -> Fitted:
    """Return the prior with its level set to the stores; its decay by flows where there are any."""
    mean, width = prior(city, _SLACK[1])
    start = _levelled(city, mean, log_sales)
    if flows is not None:
        nothing = np.full(len(log_sales), np.nan)
        start = _mode(city, nothing, start, mean, width, _SPREAD, flows)
    params = _levelled(city, start, log_sales)
    expected, _ = city.log_sales(params)
    spread = 2 * _SPREAD
    width[LEVEL] = spread / np.sqrt(np.isfinite(log_sales).sum())
    precision = np.diag(width**-2.0) + _flow_precision(city, params, flows)
    left_out = _left_by_level(log_sales - expected)
    covariance = np.asarray(np.linalg.inv(precision), dtype=np.float64)
    return Fitted(city.form, params, covariance, spread, _SPREAD_WEIGHT, left_out, prior=True)


def _left_by_level(error: Floats) -> Floats:
    """Return each store's error where the level is set by the others: [S], NaN with one store."""
    left = np.full(len(error), np.nan)
    known = np.flatnonzero(np.isfinite(error))
    for store in known if len(known) > 1 else ():
        left[store] = error[store] - np.median(error[known[known != store]])
    return left
