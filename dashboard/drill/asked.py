"""What the page of a figure's parts is asked for, and where each of its rows leads."""

from dataclasses import dataclass, replace
from typing import Any

from chain.metrics import METRICS, Linear, Metric
from dashboard.choice import Choice
from dashboard.frame import Here
from warehouse.reads.parts_protocol import MadeOf, Split
from warehouse.reads.protocol import ChainInfo, Filters

ORDER: tuple[Split, ...] = ("store", "platform", "channel", "day")
"""How a figure is taken apart, one level after the other; then come its payments."""
COUNTED = {"orders", "refunds", "payers", "payers_again", "days_without"}


@dataclass(frozen=True, slots=True)
class Asked:
    """The choice, what it asks the reads for, and the figure with its terms."""

    here: Here
    choice: Choice
    chain: ChainInfo
    filters: Filters
    made: MadeOf

    @classmethod
    def of(cls, here: Here, data: dict[str, Any] | None) -> "Asked":
        """Read the ``filters`` store; a metric that is none is net sales."""
        choice = here.choice(data)
        if choice.metric not in METRICS:
            choice = replace(choice, metric=Choice().metric)
        chain = here.reads.chain()
        filters = choice.filters(chain)
        return cls(here, choice, chain, filters, here.reads.made_of(filters))

    @property
    def metric(self) -> Metric:
        """The figure's metric."""
        return METRICS[self.choice.metric]

    @property
    def about(self) -> Metric:
        """The metric that splits and payments add up to: of a share of net sales, net sales."""
        return METRICS[self.made.asked.metric]

    @property
    def counted(self) -> Metric | None:
        """The metric that payments add up to; None where none does."""
        return METRICS.get(self.made.counted)

    @property
    def payments(self) -> Filters:
        """What the payments are asked for by."""
        return replace(self.made.asked, metric=self.made.counted)

    def splits(self) -> tuple[Split, ...]:
        """Return the splits that say something: not by stores where there is one."""
        single = {
            "store": len(self.filters.stores) == 1,
            "platform": len(self.filters.platforms) == 1,
            "channel": len(self.choice.channels) == 1,
            "day": self.filters.period.days == 1,
        }
        return tuple(by for by in ORDER if by in self.made.splits and not single[by])

    def shown(self, wanted: str) -> Split | None:
        """Return the split to show; None where nothing is left to be split."""
        left = self.splits()
        return next((by for by in left if by == wanted), next(iter(left), None))

    def deeper(self, by: Split) -> str:
        """Return the split that a row of the split ``by`` opens, or ``payments``."""
        left = [each for each in self.splits() if each != by]
        # From a week or a month to its days.
        if by == "day" and self.filters.period.days > 1 and not left:
            return "day"
        return left[0] if left else "payments"


def unit_of(part: Linear) -> str:
    """Return the unit of a sum of columns."""
    return "count" if set(part.columns) <= COUNTED else "money"
