"""Tests by store, planned and read where the truth is known: false alarms, power, coverage."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from advice.marketing.experiments import analyse, design
from bench.marketing.simulate import WORLDS, Case, simulate

_WEEKS = 8


def run(seeds: Sequence[int]) -> dict[str, object]:
    """Return the rates over one planned test a seed, without effect and with the one promised."""
    rows = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 9])
        world = WORLDS[seed % len(WORLDS)]
        stores, weeks = int(rng.integers(20, 61)), int(rng.integers(60, 121))
        table = simulate(Case(world, stores, weeks, ("medium", "weak"), seed)).panel
        dates = np.sort(table["week"].unique())
        before = table[table["week"] < dates[-_WEEKS]]
        names: dict[str, Any] = {"store": "store", "date": "week", "outcome": "sales"}
        plan = design(before, **names, weeks=_WEEKS, seed=seed)
        inside = table["store"].isin(plan.treated) & (table["week"] >= dates[-_WEEKS])
        for lift in (0.0, plan.lift):
            done = table.assign(sales=table["sales"] * (1 + lift * inside))
            found = analyse(
                done, **names, treated=plan.treated, first=dates[-_WEEKS], last=dates[-1], seed=seed
            )
            rows.append(
                {
                    "world": world,
                    "real": lift > 0,
                    "lift": plan.lift,
                    "found": found.p_value < 0.05,
                    "covered": found.low95 <= lift <= found.high95,
                    "bad_match": found.verdict == "bad_match",
                }
            )
    table = pd.DataFrame(rows)
    print(table.groupby(["world", "real"])[["found", "covered", "bad_match"]].mean().to_string())
    nothing, real = table[~table["real"]], table[table["real"]]
    return {
        "tests": len(real),
        "false_positives": round(float(nothing["found"].mean()), 3),
        "power": round(float(real["found"].mean()), 3),
        "coverage_95": round(float(table["covered"].mean()), 3),
        "smallest_lift": round(float(real["lift"].mean()), 3),
        "bad_match": round(float(table["bad_match"].mean()), 3),
    }
