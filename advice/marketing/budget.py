"""The split of a budget that the draws of the response expect most of, within given bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from advice.marketing.response import Response
from advice.marketing.transforms import Flags, Floats
from chain.errors import PermanentError

Key = str | tuple[str, str]
Bounds = Mapping[Key, tuple[float | None, float | None]]
_PIECES = 48
_CENT = 1e-6


def allocate(
    response: Response,
    *,
    total: float,
    bounds: Bounds | None = None,
    current: Mapping[tuple[str, str], float] | None = None,
    horizon: int = 13,
    margin: float | None = None,
    step: float | None = None,
    all_of_it: bool = True,
) -> pd.DataFrame:
    """Return the split of ``total`` over stores and channels that is expected to bring most.

    ``total``, ``bounds`` and ``current`` are money over ``horizon`` weeks. ``bounds``: least and
    most (None: free) by channel, for all stores together, or by (store, channel). ``current``:
    today's plan by (store, channel), what is missing is 0; unless given, the last quarter's spend.
    ``step``: the largest change of any store's spend in a channel from today's plan, as a share;
    where nothing is spent today, as a share of the channel's mean store. ``margin``: what is left
    of a unit of sales; with it and ``all_of_it`` False, money stays unspent that would cost more
    than it earns. Nobody is told to spend more than stores
    kept up before (or spend today): what would come of it nobody has seen.

    Columns: store, channel, spend, current, gain (expected extra sales against no marketing, with
    q10 and q90), marginal (extra sales of one more unit of money), held (True where there is too
    little evidence: the money stays as it is today). Rows in order of channel and store.

    ``attrs``: ``plan`` and ``today``: {spend, gain, gain_q10, gain_q90, profit, …}, ``difference``
    (plan less today), ``better`` (the chance that the plan brings more than today's, per unit of
    sales less what it costs more where a margin is given), ``unspent``, ``held`` (channels).
    Raises PermanentError where no split fits the bounds.
    """
    if not total >= 0 or horizon < 1 or (step is not None and step < 0):
        raise PermanentError("marketing.total")
    today = _today(response, current, horizon)
    limits = _limits(response, bounds or {}, today, total / horizon, horizon, step)
    grid = np.linspace(limits.low, limits.high, _PIECES + 1, axis=-1)
    value = _expected(response, grid)
    floor = 1 / margin if margin and not all_of_it else 0.0
    spend = _fill(limits, grid, value, total / horizon, floor)
    return _table(response, spend, today, limits, horizon, margin, total)


@dataclass(frozen=True)
class _Limits:
    """Weekly money: ``low`` and ``high`` [C, S], ``least`` and ``most`` [C] of a channel."""

    low: Floats
    high: Floats
    least: Floats
    most: Floats
    held: Flags


def _today(
    response: Response, current: Mapping[tuple[str, str], float] | None, horizon: int
) -> Floats:
    if current is None:
        return response.recent
    names = [channel.name for channel in response.channels]
    unknown = {c for _, c in current} - set(names)
    if unknown:
        raise PermanentError("marketing.unknown_channel", channel=min(unknown))
    out = [[current.get((s, name), 0.0) / horizon for s in response.stores] for name in names]
    return np.array(out, dtype=np.float64)


def _limits(
    response: Response,
    bounds: Bounds,
    today: Floats,
    total: float,
    horizon: int,
    step: float | None,
) -> _Limits:
    names = [channel.name for channel in response.channels]
    held = np.array([not channel.trusted for channel in response.channels])
    low = np.zeros_like(today)
    seen = response.seen[:, None] * response.unit[:, None] * response.level
    high = np.maximum(seen, today)
    if step is not None:
        usual = np.where(today > 0, today, today.mean(axis=1, keepdims=True))
        low = np.maximum(low, today - step * usual)
        high = np.minimum(high, today + step * usual)
    least, most = np.zeros(len(names)), np.full(len(names), np.inf)
    for key, pair in bounds.items():
        store, name = key if isinstance(key, tuple) else (None, key)
        if name not in names:
            raise PermanentError("marketing.unknown_channel", channel=name)
        c = names.index(name)
        down = (pair[0] or 0.0) / horizon
        up = np.inf if pair[1] is None else pair[1] / horizon
        if down > up or down < 0:
            raise PermanentError("marketing.bounds", channel=name)
        if store is None:
            least[c], most[c] = down, up
        elif store in response.stores:
            s = response.stores.index(store)
            low[c, s] = max(low[c, s], down) if down <= high[c, s] else down
            high[c, s] = max(min(high[c, s], up), low[c, s]) if up >= low[c, s] else up
            low[c, s] = min(low[c, s], high[c, s])
    return _held(low, high, least, most, today, held, total)


def _held(
    low: Floats,
    high: Floats,
    least: Floats,
    most: Floats,
    today: Floats,
    held: Flags,
    total: float,
) -> _Limits:
    """Return the limits with channels without evidence left as they are, if the money lasts."""
    kept = np.clip(today, low, high)
    for c in np.flatnonzero(held):
        whole = kept[c].sum()
        wanted = float(np.clip(whole, least[c], most[c]))
        kept[c] *= wanted / whole if whole > 0 else 0.0
    free = total - float(np.maximum(low[~held].sum(axis=1), least[~held]).sum())
    asked = float(kept[held].sum())
    if asked > 0:
        kept[held] *= min(1.0, max(free, 0.0) / asked)
    low, high = low.copy(), high.copy()
    low[held] = high[held] = kept[held]
    return _Limits(low, high, np.where(held, 0.0, least), np.where(held, np.inf, most), held)


def _expected(response: Response, grid: Floats) -> Floats:
    """Return expected weekly sales of each store's spend [C, S, P], the other channels left out."""
    out = np.empty_like(grid)
    for c in range(len(grid)):
        logs = response.logs(grid[c], c)
        out[c] = response.baseline[:, None] * np.expm1(logs).mean(axis=0)
    return out


def _fill(limits: _Limits, grid: Floats, value: Floats, total: float, floor: float) -> Floats:
    """Return the weekly spend [C, S]: lows, channels' leasts, then the best pieces first.

    Exact for concave gains: the constraints are nested (a store's in its channel's in the total),
    so taking the best piece that still fits is optimal (Federgruen and Groenevelt, "The Greedy
    Procedure for Resource Allocation Problems", 1986).
    """
    spend = limits.low.copy()
    if spend.sum() > total * (1 + _CENT) + _CENT or (spend.sum(axis=1) > limits.most + _CENT).any():
        raise PermanentError("marketing.too_tight")
    pieces = _pieces(grid, value)
    room = np.maximum(limits.most - spend.sum(axis=1), 0.0)
    left = total - float(spend.sum())
    need = np.maximum(limits.least - spend.sum(axis=1), 0.0)
    if need.sum() > left * (1 + _CENT) + _CENT:
        raise PermanentError("marketing.too_tight")
    rest = []
    for slope, c, s, length in pieces:
        taken = min(length, need[c], room[c])
        spend[c, s] += taken
        need[c] -= taken
        room[c] -= taken
        left -= taken
        rest.append((slope, c, s, length - taken))
    if need.sum() > _CENT * max(total, 1.0):
        raise PermanentError("marketing.too_tight")
    for slope, c, s, length in rest:
        if slope <= floor:
            break
        taken = max(min(length, room[c], left), 0.0)
        spend[c, s] += taken
        room[c] -= taken
        left -= taken
    return spend


def _pieces(grid: Floats, value: Floats) -> list[tuple[float, int, int, float]]:
    """Return (slope, channel, store, length) of the concave hulls of all curves, best first."""
    found = []
    for c, s in np.ndindex(*grid.shape[:2]):
        x, y = grid[c, s], value[c, s]
        if x[-1] - x[0] <= 0:
            continue
        hull = [0]
        for at in range(1, len(x)):
            while len(hull) > 1 and _below(x, y, hull[-2], hull[-1], at):
                hull.pop()
            hull.append(at)
        for a, b in pairwise(hull):
            found.append((float((y[b] - y[a]) / (x[b] - x[a])), c, s, float(x[b] - x[a])))
    return sorted(found, key=lambda piece: (-piece[0], piece[1], piece[2]))


def _below(x: Floats, y: Floats, a: int, b: int, c: int) -> bool:
    return bool((y[b] - y[a]) * (x[c] - x[a]) <= (y[c] - y[a]) * (x[b] - x[a]))


def _table(
    response: Response,
    spend: Floats,
    today: Floats,
    limits: _Limits,
    horizon: int,
    margin: float | None,
    total: float,
) -> pd.DataFrame:
    parts = []
    for c, channel in enumerate(response.channels):
        logs = response.logs(spend[c], c)
        gain = horizon * response.baseline * np.expm1(logs)
        nudge = np.maximum(1e-3 * response.level * response.unit[c], 1e-9)
        more = response.baseline * np.expm1(response.logs(spend[c] + nudge, c))
        low, high = np.quantile(gain, (0.1, 0.9), axis=0)
        parts.append(
            pd.DataFrame(
                {
                    "store": list(response.stores),
                    "channel": channel.name,
                    "spend": horizon * spend[c],
                    "current": horizon * today[c],
                    "gain": gain.mean(axis=0),
                    "q10": low,
                    "q90": high,
                    "marginal": ((more - gain / horizon) / nudge).mean(axis=0),
                    "held": bool(limits.held[c]),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    planned, before = (horizon * response.gain(plan).sum(axis=1) for plan in (spend, today))
    cost = horizon * float(spend.sum()), horizon * float(today.sum())
    worth = margin or 1.0
    extra = worth * (planned - before) - (cost[0] - cost[1] if margin else 0.0)
    table.attrs = {
        "plan": _sums(planned, cost[0], margin),
        "today": _sums(before, cost[1], margin),
        "difference": _sums(planned - before, cost[0] - cost[1], margin),
        "better": float((extra > 0).mean()),
        "unspent": max(float(total - cost[0]), 0.0),
        "held": [c.name for c, stays in zip(response.channels, limits.held, strict=True) if stays],
    }
    return table


def _sums(gain: Floats, spend: float, margin: float | None) -> dict[str, float]:
    low, high = np.quantile(gain, (0.1, 0.9))
    found = {
        "spend": spend,
        "gain": float(gain.mean()),
        "gain_q10": float(low),
        "gain_q90": float(high),
    }
    if margin is not None:
        for name in ("", "_q10", "_q90"):
            found[f"profit{name}"] = margin * found[f"gain{name}"] - spend
    return found
