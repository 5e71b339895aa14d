"""Names of stores as the reader calls them."""

from typing import Any, cast

import pandas as pd

from dashboard.frame import Here
from reports import names


def store_names(here: Here, stores: pd.DataFrame) -> dict[int, str]:
    """Return the name of each store by id, in the reader's language where there is one."""
    return names.store_names(here.lang, stores)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``frame`` by column name."""
    return cast("list[dict[str, Any]]", frame.to_dict("records"))
