"""What is marked on an axis of days: holidays, and campaigns that ran."""

from chain.calendars import holidays
from chain.days import Period
from figures.look import Mark
from warehouse.reads.protocol import ChainInfo, ReadsProtocol


def marks(
    reads: ReadsProtocol, chain: ChainInfo, lang: str, period: Period, store: int | None = None
) -> list[Mark]:
    """Return the holidays of ``period`` and its campaigns (at ``store``), as the reader says."""
    off = [Mark(each.start, each.end, each.say(lang)) for each in holidays(chain.country, period)]
    ran = reads.campaigns(period, store)
    rows = zip(ran["starts_on"], ran["ends_on"], ran["name"], ran["mechanic"], strict=True)
    return off + [
        Mark(start, end, " ".join(filter(None, (str(name), str(mechanic)))), campaign=True)
        for start, end, name, mechanic in rows
    ]
