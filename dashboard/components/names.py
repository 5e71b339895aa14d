"""Names of stores as the reader calls them."""

from collections.abc import Sequence
from typing import Any, cast

import pandas as pd

from dashboard.frame import Here
from figures import formats


def store_names(here: Here, stores: pd.DataFrame) -> dict[int, str]:
    """Return the name of each store by id, in the reader's language where there is one."""
    rows = zip(
        stores["store_id"], stores["name"], stores["name_en"], stores["unassigned"], strict=True
    )
    unassigned = here.say("pages.unassigned")
    return {
        int(store): unassigned if none else here.name({"name": name, "name_en": english})
        for store, name, english, none in rows
    }


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``frame`` by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))


def some(here: Here, stores: Sequence[int], names: dict[int, str]) -> str:
    """Return "A", "A and B" or "A and 2 others"."""
    return formats.listing([names.get(store, str(store)) for store in stores], here.lang, most=2)
