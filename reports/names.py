"""Names of stores as the reader calls them."""

from collections.abc import Mapping, Sequence

import pandas as pd

from chain.words import say
from figures import formats


def store_names(lang: str, stores: pd.DataFrame) -> dict[int, str]:
    """Return the name of each store by id, in the reader's language where there is one.

    ``stores`` are rows of ``ReadsProtocol.stores``; the unassigned store is called as on the board.
    """
    rows = zip(
        stores["store_id"], stores["name"], stores["name_en"], stores["unassigned"], strict=True
    )
    unassigned = say(lang, "pages.unassigned")
    return {
        int(store): unassigned if none else str((lang == "en" and english) or name)
        for store, name, english, none in rows
    }


def some(lang: str, stores: Sequence[int], names: Mapping[int, str]) -> str:
    """Return "A", "A and B" or "A and 2 others"."""
    return formats.listing([names.get(store, str(store)) for store in stores], lang, most=2)
