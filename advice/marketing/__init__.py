"""Where marketing money goes: what channels bring back, how to split a budget, which tests tell.

Frames in, advice out; pure. See docs/marketing.md for how it works and how well.
"""

from advice.marketing.budget import allocate
from advice.marketing.model import fit
from advice.marketing.panel import Note, spread
from advice.marketing.response import Channel, Response

__all__ = ["Channel", "Note", "Response", "allocate", "fit", "spread"]
