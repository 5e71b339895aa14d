"""Public sets of marketing data, simulated by their publishers, whose truth is not in the files.

``meridian_geo_media.csv``: weekly sales and spend of four channels by area (Google Meridian).
``geolift_GeoLift_PreTest.csv``: daily sales of 40 cities without a test (Meta GeoLift). The two
others are of one series without areas, which a panel by store cannot be fitted to.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from advice.marketing import fit
from advice.marketing.experiments import analyse, design

_DAYS = 14


def run(folder: Path) -> dict[str, object]:
    """Return what is found in the sets of ``folder`` that are there."""
    found: dict[str, object] = {}
    for name, read in (
        ("meridian_geo_media", _meridian),
        ("geolift_GeoLift_PreTest", _geolift),
    ):
        path = folder / f"{name}.csv"
        if path.is_file():
            found[name] = read(path)
            print(name, found[name], flush=True)
    return found


def _meridian(path: Path) -> dict[str, object]:
    table = pd.read_csv(path)
    table["revenue"] = table["conversions"] * table["revenue_per_conversion"]
    channels = [column for column in table.columns if column.endswith("_spend")]
    controls = [column for column in table.columns if column.endswith("_control")]
    response = fit(
        table,
        channels=channels,
        outcome="revenue",
        store="geo",
        date="time",
        controls=controls,
    )
    answers: dict[str, object] = {
        channel.name: {
            "low": round(channel.returns["q0.05"], 2),
            "middle": round(channel.returns["q0.5"], 2),
            "high": round(channel.returns["q0.95"], 2),
            "health": channel.health,
            "why": [note.key.rpartition(".")[2] for note in channel.why],
        }
        for channel in response.channels
    }
    return {**answers, "sampled": dict(response.sampled)}


def _geolift(path: Path) -> dict[str, object]:
    """Plan tests on the first part and read the last days, in which nothing was tested."""
    table = pd.read_csv(path, parse_dates=["date"])
    dates = np.sort(table["date"].unique())
    names: dict[str, Any] = {"store": "location", "date": "date", "outcome": "Y"}
    before = table[table["date"] < dates[-_DAYS]]
    alarms, lifts = [], []
    for seed in range(20):
        plan = design(before, **names, weeks=_DAYS, seed=seed)
        lifts.append(plan.lift)
        found = analyse(
            table, **names, treated=plan.treated, first=dates[-_DAYS], last=dates[-1], seed=seed
        )
        alarms.append(found.p_value < 0.05)
    return {
        "draws": len(alarms),
        "alarms": int(np.sum(alarms)),
        "smallest_lift": round(float(np.mean(lifts)), 4),
    }
