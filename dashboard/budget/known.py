"""The advice as the page needs it: read back once, in the chain's minor units."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.money import exponent
from dashboard.frame import Here
from warehouse.reads.marketing_protocol import Advice

if TYPE_CHECKING:
    from advice.marketing import Response


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of each channel; ``unit`` minor units are one of the response's."""

    advice: Advice
    response: "Response"
    unit: int


def known(here: Here) -> Known | None:
    """Return the latest advice, None before the first or for who may not see it."""
    found = here.reads.marketing_advice()
    if found is None:
        return None
    from advice.marketing import Response  # its libraries are loaded by who looks at this page

    response = Response.from_json(str(found.plan["response"]))
    return Known(found, response, 10 ** exponent(here.reads.chain().currency))


def channel_name(here: Here, name: str) -> str:
    """Return a channel as it is called; the chain's own discounts have a word of ours."""
    return here.say("budget.subsidy") if name == "subsidy" else name
