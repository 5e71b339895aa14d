"""Why a store took more or less: the one thing that explains most of the change."""

from collections.abc import Mapping
from math import log
from typing import Any

from figures import formats
from reports.digests.facts import Facts

MOST_OF = 0.6
"""A part that makes so much of a change is named alone."""
WORTH = 0.01
"""A smaller change of orders or of the ticket, as a share, is not told."""


def reason(facts: Facts, row: Mapping[str, Any]) -> str:
    """Return why the store of a ``by_store`` row moved; empty where there is nothing to say.

    Days without data come first, as they explain what is missing. Else refunds or subsidies where
    they made most of the change; else orders and the average ticket, whose logarithms add up.
    """
    silent = int(row["days_without"])
    if silent and row["value"] < row["value_before"]:
        return _silent(facts, silent)
    change = float(row["value"] - row["value_before"])
    for name in ("refund", "merchant_subsidy"):
        part = _before(facts, row, name)
        if part is not None and change and -part / change >= MOST_OF:
            amount = facts.look.shown(abs(part), "money")
            way = "up" if part > 0 else "down"
            return facts.say(f"digests.reason.{name}_{way}", amount=amount)
    return _orders_and_ticket(facts, row)


def _silent(facts: Facts, silent: int) -> str:
    if facts.days.days == 1:
        return facts.say("digests.reason.silent_day")
    return facts.say("digests.reason.silent", count=silent, days=facts.days.days)


def _before(facts: Facts, row: Mapping[str, Any], name: str) -> float | None:
    """Return by how much a sum changed."""
    past = facts.before.get(int(row["store_id"]))
    return None if past is None else float(row[name]) - past[name]


def _orders_and_ticket(facts: Facts, row: Mapping[str, Any]) -> str:
    past = facts.before.get(int(row["store_id"]))
    if past is None or not past["orders"] or not row["orders"] or past["gross"] <= 0:
        return ""
    if row["gross"] <= 0:
        return ""
    orders = float(row["orders"]) / past["orders"] - 1
    ticket = (float(row["gross"]) / float(row["orders"])) / (past["gross"] / past["orders"]) - 1
    parts = {"orders": orders, "ticket": ticket}
    told = sorted(
        (name for name, share in parts.items() if abs(share) >= WORTH),
        key=lambda name: -abs(log(1 + parts[name])),
    )
    said = [_part(facts, name, parts[name]) for name in told]
    if len(said) < 2:
        return "".join(said)
    key = "both" if parts["orders"] * parts["ticket"] > 0 else "but"
    return facts.say(f"digests.reason.{key}", first=said[0], second=said[1])


def _part(facts: Facts, name: str, share: float) -> str:
    way = "up" if share > 0 else "down"
    return facts.say(f"digests.reason.{name}_{way}", change=formats.percent(abs(share)))
