"""What a case's answers and plans are worth against the truth."""

import numpy as np
import pandas as pd

from advice.marketing import Response, allocate
from advice.marketing.transforms import Flags, Floats
from bench.marketing.simulate import Chain, Counts

_PIECES = 60


def plans(chain: Chain, response: Response) -> dict[str, float]:
    """Return what plans truly bring above nothing, as shares of the best split's.

    All spend what the last quarter did; the best knows the truth and is bound as the advice is.
    """
    today = response.recent
    total = float(today.sum())
    advice = _matrix(allocate(response, total=total * 13, horizon=13), response) / 13
    ceiling = np.maximum(response.seen[:, None] * response.unit[:, None] * response.level, today)
    held = np.array([not channel.trusted for channel in response.channels])
    sized = chain.base / chain.base.sum()
    best = _best(chain, ceiling, total)
    bound = _best(chain, np.where(held[:, None], today, ceiling), total, today * held[:, None])
    count = len(today)
    top = float(chain.gain(best).sum())
    return {
        "advised": float(chain.gain(advice).sum()) / top,
        "best_of_trusted": float(chain.gain(bound).sum()) / top,
        "kept": float(chain.gain(today).sum()) / top,
        "equal": float(chain.gain(np.full(today.shape, total / today.size)).sum()) / top,
        "by_sales": float(chain.gain(np.tile(total * sized / count, (count, 1))).sum()) / top,
    }


def _matrix(table: pd.DataFrame, response: Response) -> Floats:
    names = [channel.name for channel in response.channels]
    wide = table.pivot(index="channel", columns="store", values="spend")
    return wide.loc[names, list(response.stores)].to_numpy(dtype=np.float64)


def _best(chain: Chain, ceiling: Floats, total: float, floor: Floats | None = None) -> Floats:
    """Return the best split to within a piece, by giving out the money in small equal steps.

    S-shaped curves have no gain at their start, so a step looks ahead to the best average.
    """
    spend = np.zeros_like(ceiling) if floor is None else floor.copy()
    grid = np.linspace(0, 1, _PIECES + 1)
    points = spend[..., None] + (ceiling - spend)[..., None] * grid
    value = np.stack([_alone(chain, points[..., k]) for k in range(_PIECES + 1)], axis=-1)
    left = total - spend.sum()
    at = np.zeros(ceiling.shape, dtype=int)
    open_ = ceiling - spend > 1e-9
    while left > 1e-6 * total and open_.any():
        slopes, ends = _steepest(points, value, at, open_)
        c, s = np.unravel_index(int(np.argmax(slopes)), slopes.shape)
        if slopes[c, s] <= 0:
            break
        step = points[c, s, ends[c, s]] - points[c, s, at[c, s]]
        spend[c, s] += min(step, left)
        left -= min(step, left)
        at[c, s] = ends[c, s]
        open_[c, s] = at[c, s] < _PIECES
    return spend


def _steepest(points: Floats, value: Floats, at: Counts, open_: Flags) -> tuple[Floats, Counts]:
    slopes = np.full(at.shape, -np.inf)
    ends = np.zeros(at.shape, dtype=int)
    for c, s in zip(*np.nonzero(open_), strict=True):
        here = at[c, s]
        rise = value[c, s, here + 1 :] - value[c, s, here]
        run = points[c, s, here + 1 :] - points[c, s, here]
        best = int(np.argmax(rise / run))
        slopes[c, s], ends[c, s] = rise[best] / run[best], here + 1 + best
    return slopes, ends


def _alone(chain: Chain, spend: Floats) -> Floats:
    """Return each channel's and store's gain, the other channels left out; [C, S]."""
    out = np.empty_like(spend)
    for c in range(len(spend)):
        one = np.zeros_like(spend)
        one[c] = spend[c]
        out[c] = chain.gain(one)
    return out


def table(rows: pd.DataFrame) -> dict[str, object]:
    """Return coverage, false and found *clear*, and plans, by kind and world; print them."""
    rows = rows.assign(
        covered=(rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"]),
        clear=rows["health"] == "clear",
        wrong=(rows["health"] == "clear")
        & ((rows["truth"] < rows["low"]) | (rows["truth"] > rows["high"])),
    )
    found: dict[str, object] = {}
    for kind, group in [*rows.groupby("kind"), *rows[rows["kind"] == "plain"].groupby("world")]:
        none, strong = (group[group["strength"] == one] for one in ("none", "strong"))
        cases = group.drop_duplicates(["world", "seed"])
        followed = group["follows"].notna() & (group["channel"] == "channel_2")
        asked = group[followed] if kind == "follows" else group
        found[str(kind)] = {
            "cases": len(cases),
            "channels": len(group),
            "coverage": round(float(group["covered"].mean()), 3),
            "none_called_clear": round(float(none["clear"].mean()), 3),
            "strong_called_clear": round(float(strong["clear"].mean()), 3),
            "clear_but_wrong": round(float(asked["wrong"].mean()), 3),
            "regret": round(1 - float(cases["advised"].mean()), 4),
            "regret_of_trusted": round(
                1 - float((cases["advised"] / cases["best_of_trusted"]).mean()), 4
            ),
            **{name: round(float(cases[name].mean()), 3) for name in ("kept", "equal", "by_sales")},
            "seconds": round(float(cases["sampled_seconds"].mean()), 1),
            "r_hat": round(float(cases["sampled_r_hat"].max()), 3),
            "effective": round(float(cases["sampled_effective_draws"].min())),
        }
    print(pd.DataFrame(found).T.to_string())
    return found
