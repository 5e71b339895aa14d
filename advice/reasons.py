"""A reason: what explains a figure, as a key of the catalogues and the numbers that it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that explains a difference.

    ``name`` is what it is ("orders", "ticket", …); the sentence is ``advice.<of>.<name>.up`` or
    ``.down``, and whoever says it formats the numbers. ``share`` is the part as a share of what was
    expected or was before (0.12: 12 % more through it alone), ``amount`` the same in minor units.
    ``numbers`` are what the sentence compares, by name.
    """

    of: str
    name: str
    share: float
    amount: float
    numbers: Mapping[str, float] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of its sentence."""
        return f"advice.{self.of}.{self.name}.{'up' if self.amount >= 0 else 'down'}"
