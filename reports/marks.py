"""What is marked on an axis of days: holidays, campaigns that ran, notes that people wrote."""

from chain.calendars import holidays
from chain.days import Period
from figures.look import Mark
from warehouse.reads.protocol import ChainInfo, ReadsProtocol


def marks(
    reads: ReadsProtocol, chain: ChainInfo, lang: str, period: Period, store: int | None = None
) -> list[Mark]:
    """Return holidays, campaigns and notes of ``period`` (at ``store``), as the reader says.

    Without a store what is marked is of the whole chain, where a single store's note is none.
    """
    off = [Mark(each.start, each.end, each.say(lang)) for each in holidays(chain.country, period)]
    ran = reads.campaigns(period, store)
    rows = zip(ran["starts_on"], ran["ends_on"], ran["name"], ran["mechanic"], strict=True)
    campaigns = [
        Mark(start, end, " ".join(filter(None, (str(name), str(mechanic)))), campaign=True)
        for start, end, name, mechanic in rows
    ]
    found = reads.notes(period, store)
    written = zip(
        found["starts_on"], found["ends_on"], found["note"], found["store_id"], strict=True
    )
    notes = [
        Mark(start, end, str(note), note=True)
        for start, end, note, at in written
        if store is not None or not at
    ]
    return off + campaigns + notes
