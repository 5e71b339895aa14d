"""Whether the data bear what the model says: out of sample, alike channels, spend after sales."""

import numpy as np
from scipy import stats

from advice.marketing.density import Density, Rows, Shape
from advice.marketing.panel import Panel
from advice.marketing.transforms import Counts, Flags, Floats

_BLOCK = 8
_EARLIER = 3
_MOST_TOO_SMALL = 9.0
_OTHER_SHAPES = 1.2
"""True curves have other shapes than the model's: so much wider 90 % intervals had to be to hold
nine in ten truths of simulated chains that the model was developed on."""
_CLUSTER_LEAST = 3


def usual_shape(density: Density, positions: Floats) -> Shape:
    """Return the shape in the middle of the draws [D, size]."""
    return density.shape(np.asarray(np.median(positions, axis=0), dtype=np.float64))


def out_of_sample(density: Density, shape: Shape) -> tuple[float, Floats]:
    """Return by how much marketing lowers the squared error on weeks left out, as a share.

    First of all channels, then of each beside the others; [C]. Blocks of eight weeks are left out
    in turn. Shapes were learned from all weeks, effects from the others only.
    """
    rows = density.rows(shape)
    others, target = rows.others, rows.target
    count = rows.money.shape[1]
    full = np.concatenate([others, rows.money], axis=1)
    fold = rows.week // _BLOCK
    everything = _left_out(full, target, fold)
    nothing = _left_out(others, target, fold)
    lacking = [
        _left_out(np.delete(full, others.shape[1] + c, axis=1), target, fold) for c in range(count)
    ]
    return 1 - everything / nothing, np.array([1 - everything / one for one in lacking])


def _left_out(columns: Floats, target: Floats, fold: Counts) -> float:
    """Return the squared error on each fold of a ridge of the others; columns have unit priors."""
    width = columns.shape[1]
    whole, right = columns.T @ columns + np.eye(width), columns.T @ target
    missed = 0.0
    for part in np.unique(fold):
        here = fold == part
        own, y = columns[here], target[here]
        found = np.linalg.solve(whole - own.T @ own, right - own.T @ y)
        missed += float(((y - own @ found) ** 2).sum())
    return missed


def alikeness(density: Density, shape: Shape) -> Floats:
    """Return the correlations of what channels do, all else allowed for; [C, C]."""
    left = _swept(density.rows(shape))
    size = np.sqrt((left**2).sum(axis=0))
    return np.asarray((left.T @ left) / np.outer(size, size).clip(1e-12), dtype=np.float64)


def _swept(rows: Rows) -> Floats:
    """Return marketing's columns less what all other columns tell of them; [N, C]."""
    within = rows.others.T @ rows.others + np.eye(rows.others.shape[1])
    return np.asarray(
        rows.money - rows.others @ np.linalg.solve(within, rows.others.T @ rows.money)
    )


def overconfidence(density: Density, shape: Shape) -> Floats:
    """Return by what factor the model's standard errors are too small; [C].

    What is left over is added up by week, and its spread compared with what the model expects of
    independent rows: stores of a region share more than the model knows (White's sandwich by
    clusters; Müller, "Risk of Bayesian Inference in Misspecified Models", Econometrica, 2013).
    """
    rows = density.rows(shape)
    full = np.concatenate([rows.others, rows.money], axis=1)
    ridge = full.T @ full + np.eye(full.shape[1])
    left = rows.target - full @ np.linalg.solve(ridge, full.T @ rows.target)
    columns = _swept(rows)
    inverse = np.linalg.inv(columns.T @ columns + np.eye(columns.shape[1]))
    count = int(rows.week.max()) + 1
    scores = np.zeros((count, columns.shape[1]))
    np.add.at(scores, rows.week, columns * left[:, None])
    spread = inverse @ (scores.T @ scores) @ inverse * count / max(count - 1, 1)
    found = np.diag(spread) / np.diag(inverse)
    return np.asarray(_OTHER_SHAPES * np.sqrt(np.clip(found, 1.0, _MOST_TOO_SMALL)))


def inflation(correlations: Floats) -> Floats:
    """Return how much wider each channel's answer is for the others' sake (variance); [C]."""
    ridge = correlations + 1e-6 * np.eye(len(correlations))
    return np.asarray(np.diag(np.linalg.inv(ridge)), dtype=np.float64)


def follows_sales(panel: Panel, working: Floats) -> Floats:
    """Return for each channel the p-value that spend takes no heed of the sales before; [C].

    ``working`` [C, S, T]. Spend of a week is regressed on its own last weeks and on what sales
    did the week before beyond what marketing explains (Granger, "Investigating Causal Relations",
    1969), errors clustered by store; stores and weeks are allowed for, or stores alone where all
    spend alike. Square roots of spend, so that a few large weeks do not decide.
    """
    logs = np.log(np.where(panel.valid, panel.outcome, panel.level[:, None]))
    level = np.sqrt(panel.spend / panel.level[:, None])
    lagged = [working, working**2, *(_back(level, k) for k in range(3))]
    explained = np.concatenate(lagged)
    surprise = _residual(logs, explained, panel.valid)
    found = []
    for spend in level:
        within = _two_way(spend, panel.valid)
        alone = float((within**2).sum()) > 0.02 * float((_demeaned(spend, panel.valid) ** 2).sum())
        past = np.stack([_back(spend, k) for k in range(1, _EARLIER + 1)])
        before = _back(surprise, 1) + 0.5 * _back(surprise, 2)
        found.append(_heed(spend, past, before, panel.valid, weeks=alone))
    return np.array(found)


def moves_with_sales(panel: Panel) -> Floats:
    """Return how much of a channel's movement is that of the same week's sales, in money; [C]."""
    sales = np.where(panel.valid, panel.outcome, 0.0)
    mine = _two_way(sales, panel.valid)
    found = []
    for spend in panel.spend:
        theirs = _two_way(spend, panel.valid)
        size = float((mine**2).sum() * (theirs**2).sum())
        found.append(float((mine * theirs).sum()) ** 2 / size if size > 0 else 0.0)
    return np.array(found)


def _back(values: Floats, weeks: int) -> Floats:
    """Return values [..., T] of ``weeks`` earlier, the first ones repeated."""
    if not weeks:
        return values
    first = np.repeat(values[..., :1], weeks, axis=-1)
    return np.concatenate([first, values[..., :-weeks]], axis=-1)


def _demeaned(values: Floats, valid: Flags) -> Floats:
    seen = np.maximum(valid.sum(axis=-1, keepdims=True), 1)
    return np.asarray((values - (values * valid).sum(axis=-1, keepdims=True) / seen) * valid)


def _two_way(values: Floats, valid: Flags) -> Floats:
    """Return values [..., S, T] less store and week means, by turns until settled."""
    out = np.asarray(values, dtype=np.float64) * valid
    for _ in range(4):
        out = _demeaned(out, valid)
        out = np.swapaxes(_demeaned(np.swapaxes(out, -1, -2), valid.T), -1, -2)
    return out


def _residual(target: Floats, columns: Floats, valid: Flags) -> Floats:
    right = _two_way(target, valid)
    left = np.stack([_two_way(column, valid) for column in columns])
    flat = left[:, valid].T
    coefficients = np.linalg.lstsq(flat, right[valid], rcond=None)[0]
    return np.asarray(right - np.tensordot(coefficients, left, axes=1))


def _heed(spend: Floats, past: Floats, before: Floats, valid: Flags, *, weeks: bool) -> float:
    """Return the p-value of ``before`` beside ``past`` in a regression of spend."""
    ok = valid.copy()
    ok[:, : _EARLIER + 1] = False
    swept = _two_way if weeks else _demeaned
    columns = [swept(column, ok) for column in (*past, before)]
    target = swept(spend, ok)
    design = np.stack([column[ok] for column in columns], axis=1)
    gram = design.T @ design
    if np.linalg.cond(gram + 1e-12 * np.trace(gram) * np.eye(len(gram))) > 1e11:
        return 1.0
    found = np.linalg.solve(gram, design.T @ target[ok])
    left = target - np.tensordot(found, np.stack(columns), axes=1)
    scores = np.stack([(column * left).sum(axis=1 if weeks else 0) for column in columns], axis=1)
    groups = len(scores)
    if groups < _CLUSTER_LEAST:
        return 1.0
    inverse = np.linalg.inv(gram)
    spread = inverse @ (scores.T @ scores) @ inverse * groups / (groups - 1)
    if spread[-1, -1] <= 0:
        return 1.0
    return float(2 * stats.t.sf(abs(found[-1]) / np.sqrt(spread[-1, -1]), groups - 1))
