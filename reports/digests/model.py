"""What a digest holds, whatever it becomes: a mail, its plain text, or a group's message."""

from dataclasses import dataclass
from typing import Literal

from chain.days import Period
from chain.schedule import Rhythm
from chain.words import Lang
from figures.look import Figure


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure: short, in full where that says more, and against what it was."""

    label: str
    figure: str
    full: str
    changes: tuple[str, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture, drawn for light and for dark; ``alt`` says what is seen in it."""

    name: str
    title: str
    subtitle: str
    alt: str
    light: Figure
    dark: Figure
    link: str


@dataclass(frozen=True, slots=True)
class Row:
    """One store of a list: its figure, how it changed, and why."""

    name: str
    figure: str
    change: str
    reason: str
    link: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to look at; ``kind`` as in ``reports.attention``."""

    kind: Literal["attention", "missing"]
    text: str
    action: str
    link: str


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a digest, made of any of these, shown in this order."""

    title: str
    note: str = ""
    tiles: tuple[Tile, ...] = ()
    shots: tuple[Shot, ...] = ()
    lists: tuple[tuple[str, tuple[Row, ...]], ...] = ()
    """Lists of stores, each under its name."""
    lines: tuple[Line, ...] = ()
    said: tuple[str, ...] = ()
    link: tuple[str, str] | None = None
    """Words and address."""


@dataclass(frozen=True, slots=True)
class Contents:
    """One digest of one scope in one language, the same for all who share both.

    ``notices`` say what is not whole; ``provisional`` is whether it is worth to wait for the rest.
    ``fingerprint`` names the state of the figures: two digests with the same one say the same.
    ``link`` opens the board at the very view.
    """

    rhythm: Rhythm
    lang: Lang
    chain: str
    period: Period
    subject: str
    title: str
    span: str
    sentences: tuple[str, ...]
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    link: str
    board: str
    fingerprint: str
    provisional: bool = False

    @property
    def lead(self) -> str:
        """The first sentences, as one paragraph."""
        return ("" if self.lang == "zh" else " ").join(self.sentences)
