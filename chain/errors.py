"""Errors that say what to do next.

Each failure has a key in the word catalogues, so that the same sentence is shown on the board,
in the terminal and in a log, in the reader's language.
"""

from dataclasses import dataclass, field

from chain.words import Param, say

LIST_SEPARATOR = "\x1f"
"""Stands between the parts of a param that is a list."""


class TillboardError(Exception):
    """A failure with a sentence: ``key`` names it in the catalogues, ``params`` fill it."""

    def __init__(self, key: str, **params: Param) -> None:
        super().__init__(key)
        self.key = key
        self.params = params

    def say(self, lang: str = "en") -> str:
        """Return the sentence in ``lang``. Raises KeyError where the key is in no catalogue."""
        return say(lang, self.key, **self.params)

    def __str__(self) -> str:
        return self.say("en")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.key, self.params)


def _rebuild(kind: type[TillboardError], key: str, params: dict[str, Param]) -> TillboardError:
    return kind(key, **params)


class TransientError(TillboardError):
    """The same call may succeed later: a server restarts, a lock is held, a network is down."""


class PermanentError(TillboardError):
    """A person must act: the sentence says how."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """One row that was not accepted; returned beside the good rows, never raised.

    ``line`` counts from 1 in the file (or the sheet), ``raw`` is the line with phone and card
    numbers masked, ``reason`` a catalogue key with its ``params``.
    """

    line: int
    raw: str
    reason: str
    params: dict[str, Param] = field(default_factory=dict)
