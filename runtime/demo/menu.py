"""What the chain sells: baskets with a name, a price and how often they are bought."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt

_CUPS = (
    ("云岫龙井鲜奶茶", 1800, 10), ("松针乌龙", 1500, 8), ("桂花酒酿拿铁", 2200, 7),
    ("茉莉雪顶", 1900, 9), ("杨梅青提冰茶", 2000, 7), ("春山白桃乌龙", 1900, 8),
    ("岩韵大红袍鲜奶", 2100, 6), ("陈皮普洱奶盖", 2000, 4), ("山楂洛神热饮", 1600, 4),
    ("凤凰单丛柠檬茶", 1700, 7), ("抹茶云朵", 2300, 5), ("黑糖珍珠鲜奶", 1600, 8),
)  # fmt: skip
_SNACKS = (("桂花糕", 900, 3), ("龙井酥", 1200, 2), ("茶香蛋卷", 1500, 2))
_TOP_UPS = ((10_000, 6), (20_000, 10), (30_000, 5), (50_000, 2))
TOP_UP_SHARE = 0.003


@dataclass(frozen=True, slots=True)
class Menu:
    """Every basket, by name and price in fen.

    ``till`` and ``delivery`` are the cumulated shares by which a customer in the shop or at home
    picks one.
    """

    names: tuple[str, ...]
    fen: npt.NDArray[np.int64]
    top_up: npt.NDArray[np.bool_]
    till: npt.NDArray[np.float64]
    delivery: npt.NDArray[np.float64]

    def mean(self, delivery: bool) -> float:
        """Return the mean basket in fen, top-ups left out."""
        shares = np.diff(self.delivery if delivery else self.till, prepend=0.0)
        shares = np.where(self.top_up, 0.0, shares)
        return float((shares * self.fen).sum() / shares.sum())


@lru_cache(maxsize=1)
def menu() -> Menu:
    """Return the menu; it is the same for every seed."""
    baskets: list[tuple[str, int, float, float]] = []
    for name, fen, weight in _CUPS:
        baskets.append((name, fen, weight * 9.0, weight * 1.0))
        baskets.append((f"{name},少糖", fen, weight * 0.4, 0.0))
        baskets.append((f"{name}(大杯)", fen + 400, weight * 3.0, weight * 1.2))
        baskets.append((f"{name}2杯", fen * 2, weight * 1.6, weight * 3.0))
        baskets.append((f"{name}4杯", fen * 4, weight * 0.12, weight * 0.8))
    for (one, fen, weight), (two, more, other) in combinations(_CUPS, 2):
        common = weight * other / 10
        baskets.append((f"{one}+{two}", fen + more, common * 0.5, common))
    for (cup, fen, weight), snack in ((c, s) for c in _CUPS for s in _SNACKS):
        common = weight * snack[2] / 10
        baskets.append((f"{cup}+{snack[0]}", fen + snack[1], common, common))
    till = sum(b[2] for b in baskets)
    tops = sum(share for _, share in _TOP_UPS)
    for fen, share in _TOP_UPS:
        part = till * TOP_UP_SHARE * share / tops
        baskets.append((f"会员储值充值{fen // 100}元", fen, part, 0.0))
    return Menu(
        tuple(b[0] for b in baskets),
        np.array([b[1] for b in baskets], dtype=np.int64),
        np.array(["储值" in b[0] for b in baskets]),
        _cumulated([b[2] for b in baskets]),
        _cumulated([b[3] for b in baskets]),
    )


def _cumulated(weights: list[float]) -> npt.NDArray[np.float64]:
    shares = np.cumsum(np.asarray(weights))
    return np.asarray(shares / shares[-1], dtype=np.float64)
