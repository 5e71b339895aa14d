"""Which store a platform's label looks like: a hint for whoever binds it, never a decision."""

from collections.abc import Iterable, Sequence

LEAST = 0.35
"""Below this a likeness is chance."""


class Likeness:
    """Compares labels with the stores' codes and names.

    A label that is a store's code counts as certain; else the Dice coefficient of the
    pairs of neighbouring characters decides (Dice, 1945), which needs no words and so serves
    Chinese and English alike.
    """

    def __init__(self, stores: Iterable[tuple[int, Sequence[str]]]) -> None:
        self._stores = [
            (store_id, names[0].casefold(), [_pairs(name) for name in names if name])
            for store_id, names in stores
        ]

    def best(self, labels: Sequence[str]) -> tuple[int, float]:
        """Return the store most like any of ``labels`` and how much; (0, 0.0) where none is."""
        found = (0, 0.0)
        for label in filter(None, labels):
            pairs, plain = _pairs(label), label.casefold()
            for store_id, code, names in self._stores:
                certain = bool(code) and code == plain
                like = 1.0 if certain else max(_alike(pairs, name) for name in names)
                if like > found[1]:
                    found = (store_id, like)
        return found if found[1] >= LEAST else (0, 0.0)


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    size = len(one) + len(other)
    return 2 * len(one & other) / size if size else 0.0


def _pairs(name: str) -> frozenset[str]:
    plain = "".join(name.casefold().split())
    return frozenset(plain[at : at + 2] for at in range(max(1, len(plain) - 1)))
