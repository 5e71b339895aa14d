"""What only the simulator knows, kept in files so that advice can be checked against it."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl

from runtime.demo import marketing
from runtime.demo.cash import share
from runtime.demo.demand import RAMP_DAYS, SLUMP, YEARLY_GROWTH, Floats
from runtime.demo.geography import CITIES
from runtime.demo.menu import menu
from runtime.demo.payments import World, platform_shares

TRUTH = "demo-truth.json"
TRUTH_DAYS = "demo-truth-days.parquet"


def write_truth(world: World, directory: Path) -> None:
    """Write TRUTH, TRUTH_DAYS (a row a store and day), and the list of marketing spend.

    TRUTH: potential, lifts of promotions, returns of marketing channels, area demand, events.

    TRUTH_DAYS columns: store_code, business_date, expected_orders and expected_gross (fen; cash
    included, top-ups not, before refunds), weather (factor), promotion (name or null), reported.
    """
    scenario, demand = world.scenario, world.demand
    stores = scenario.chain.stores
    events = asdict(scenario.events)
    events["missing_days"] = sorted(str(day) for day in scenario.events.missing_days)
    for name in ("moved_from", "moved_to", "unknown_at", "missing_at", "slump_at", "till_at"):
        events[name] = stores[events[name]].code
    gross = _gross(world)
    spend, spent = marketing.spend_file(scenario, demand.marketing, gross)
    (directory / marketing.SPEND).write_text(spend, encoding="utf-8", newline="")
    truth = {
        "seed": scenario.seed,
        "stores": [
            {"code": s.code, "potential": round(float(p), 4), "kind": spot.kind}
            for s, p, spot in zip(stores, demand.potential, scenario.spots, strict=True)
        ],
        "promotions": [
            {"name": p.campaign.name, "lift": p.lift, "take_up": p.take_up}
            for p in scenario.promotions
        ],
        "channels": marketing.returns(demand.marketing, gross, spent),
        "areas": [asdict(area) for area in demand.areas],
        "ramp_days": RAMP_DAYS,
        "slump": SLUMP,
        "yearly_growth": YEARLY_GROWTH,
        "events": events,
    }
    text = json.dumps(truth, ensure_ascii=False, indent=1, default=str)
    (directory / TRUTH).write_text(text + "\n", encoding="utf-8")
    _days(world).write_parquet(directory / TRUTH_DAYS)


def _gross(world: World) -> Floats:
    """Return expected gross sales in fen by store and day."""
    _, delivered = platform_shares(world.scenario)
    cash = share(world.scenario.days)[None, :]
    in_shop, home = menu().mean(delivery=False), menu().mean(delivery=True)
    ticket = (1 - delivered + cash) * in_shop + delivered * home
    return np.asarray(world.demand.expected * ticket, dtype=np.float64)


def _days(world: World) -> pl.DataFrame:
    scenario, demand = world.scenario, world.demand
    count, days = demand.expected.shape
    cash = share(days)[None, :]
    at_city = [[c.name for c in CITIES].index(c.name) for c in scenario.cities]
    names = [*(p.campaign.name for p in scenario.promotions), None]
    return pl.DataFrame(
        {
            "store_code": np.repeat([s.code for s in scenario.chain.stores], days),
            "business_date": [world.day(d) for d in range(days)] * count,
            "expected_orders": (demand.expected * (1 + cash)).ravel(),
            "expected_gross": _gross(world).ravel(),
            "weather": demand.weather[at_city].ravel(),
            "promotion": [names[k] for k in demand.promotion.ravel()],
            "reported": demand.reported.ravel(),
        }
    )
