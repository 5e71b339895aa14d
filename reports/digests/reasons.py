"""Why a store took more or less, and why it stands where it does: the board's own reasons."""

from collections.abc import Mapping
from typing import Any

from advice import ranking
from figures import formats
from reports import insight
from reports.digests.facts import Facts

LEVEL = 0.005
"""A store nearer to what its kind leads to expect, as a share, is as its kind."""


def changed(facts: Facts, store: int) -> str:
    """Return what moved a store since the days compared with; empty where nothing can be said.

    By the bridge that the store's page draws. A day without any data is said as that.
    """
    if facts.days.days == 1 and store in facts.unheard:
        return facts.say("digests.reason.silent_day")
    return insight.why_changed(facts, facts.chain, facts.bridge, store)


def stands(facts: Facts, row: Mapping[str, Any]) -> str:
    """Return how far a store of ``facts.fair`` is from its kind and why, and what moved it."""
    share = insight.against(row)
    why = insight.said(facts, facts.chain, ranking.reasons(row))
    way = "level" if abs(share) < LEVEL else "above" if share > 0 else "below"
    said = facts.say(f"digests.reason.{way}", share=formats.percent(abs(share)))
    if why:
        said = facts.say("digests.reason.why", said=said, why=why)
    moved = changed(facts, int(row["store"]))
    return facts.say("digests.reason.moved", said=said, moved=moved) if moved else said
