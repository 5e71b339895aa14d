"""Promotions: what was announced, and what it truly did to sales."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from runtime.demo.description import DemoCampaign
from runtime.demo.geography import CITIES


@dataclass(frozen=True, slots=True)
class Promotion:
    """A campaign with its hidden truth: ``lift`` multiplies the orders of the stores in it."""

    campaign: DemoCampaign
    lift: float
    take_up: float
    """Share of the big enough tickets that used the discount."""


_ALL = tuple(c.name for c in CITIES)
_BOTH = ("wechat", "alipay")
# Month, day, length, name, English name, cities, platforms, discount and threshold in yuan.
_YEARLY: tuple[tuple[int, int, int, str, str, tuple[str, ...], tuple[str, ...], int, int], ...] = (
    (1, 5, 14, "腊八暖茶", "Laba warm tea", ("上海", "南京"), _BOTH, 4, 25),
    (3, 10, 15, "春茶上新", "Spring tea", _ALL, _BOTH, 3, 20),
    (4, 10, 14, "成都城市周", "Chengdu city week", ("成都",), ("wechat",), 5, 28),
    (5, 8, 14, "苏杭双城记", "Two cities", ("苏州", "杭州"), ("alipay",), 5, 28),
    (6, 12, 7, "年中茶饮节", "Mid-year festival", _ALL, _BOTH, 6, 30),
    (7, 10, 21, "盛夏第二杯", "Second cup of summer", _ALL, _BOTH, 4, 28),
    (9, 5, 14, "江城夜饮", "Wuhan nights", ("武汉",), _BOTH, 5, 25),
    (10, 10, 10, "秋日桂花季", "Osmanthus season", ("上海", "杭州", "苏州", "南京"), _BOTH, 3, 20),
    (11, 5, 8, "立冬暖饮", "First day of winter", _ALL, ("alipay",), 4, 25),
    (12, 8, 5, "岁末会员日", "Members' days", _ALL, ("wechat",), 6, 30),
)


def promotions(first: date, last: date, rng: np.random.Generator) -> tuple[Promotion, ...]:
    """Return the promotions that touch ``first`` to ``last``, oldest first."""
    found = []
    for year in range(first.year, last.year + 1):
        for month, day, length, name, english, cities, platforms, off, threshold in _YEARLY:
            lift, take_up = rng.uniform(1.06, 1.32), rng.uniform(0.35, 0.6)
            starts = date(year, month, day)
            ends = starts + timedelta(days=length - 1)
            if ends < first or starts > last:
                continue
            campaign = DemoCampaign(
                f"{name}{year}",
                f"{english} {year}",
                starts,
                ends,
                cities,
                platforms,
                off * 100,
                threshold * 100,
            )
            found.append(Promotion(campaign, round(float(lift), 3), round(float(take_up), 3)))
    return tuple(found)
