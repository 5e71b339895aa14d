"""What is to be said of a place, a file or a ranking: a key of the catalogues and what fills it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chain.words import Param, say


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence: ``key`` is of the catalogues, ``params`` fill it."""

    key: str
    params: dict[str, Param] = field(default_factory=dict)

    def say(self, lang: str = "en") -> str:
        """Return the sentence in ``lang``."""
        return say(lang, self.key, **self.params)


def plain(notes: Iterable[Note]) -> list[dict[str, Any]]:
    """Return ``notes`` as JSON holds them."""
    return [{"key": note.key, "params": note.params} for note in notes]


def from_plain(notes: Iterable[dict[str, Any]]) -> list[Note]:
    """Return what `plain` was given."""
    return [Note(each["key"], dict(each["params"])) for each in notes]
