"""Where to open next: what a store would take at a place, net of what it takes from its sisters.

`fit` learns a chain's market from its own sales; `suggest` scores candidates, `choose` several of
them at once, `potential` any places there are, `review` the stores that exist. Places are latitude
and longitude in WGS-84, money is minor units of one currency a month.
"""

from advice.sites.choosing import METHODS, Plan, choose
from advice.sites.learning import fit
from advice.sites.market import Market, loads
from advice.sites.notes import Note, from_plain, plain
from advice.sites.reviewing import review
from advice.sites.suggesting import suggest
from advice.sites.surface import potential

__all__ = [
    "METHODS",
    "Market",
    "Note",
    "Plan",
    "choose",
    "fit",
    "from_plain",
    "loads",
    "plain",
    "potential",
    "review",
    "suggest",
]
