"""A user's own column map, by which the generic source reads any table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ColumnMapSpec:
    """What a user said about a table of their own.

    ``columns`` maps canonical column names to the names in the header, and besides them ``clock``
    (the time of day, where it stands apart), ``zone`` and ``count`` (of the customers of a day's
    takings). ``kinds`` translates the words of the kind column ("skip" leaves a row out); ``sign``
    is -1 where the file writes receipts as negative amounts; ``decimal`` may be a comma.
    """

    name: str
    columns: Mapping[str, str]
    zone: str
    currency: str
    platform: str = ""
    channel: str = ""
    time_formats: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    sign: int = 1
    decimal: str = "."
