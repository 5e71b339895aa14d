"""The words a source is declared in: what a bill's columns are called and what they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

CHINA = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Text:
    """A text column, stripped; '' where the file has no such column.

    ``required`` makes an empty cell a bad row. ``identity`` also refuses ids that a spreadsheet
    turned into a float. ``label`` masks phone and card numbers and addresses.
    """

    names: tuple[str, ...]
    required: bool = False
    identity: bool = False
    label: bool = False


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer id: null where empty or masked by the platform, for a masked id merges people."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A product name: not kept, only looked at for stored value and vouchers."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units; an empty cell is a bad row, or nought where ``optional``.

    ``fine`` keeps the exact sum beside the rounded one, for amounts finer than the minor unit.
    ``strip`` is a pattern of what may surround the number, such as a note in brackets; ``comma``:
    the decimals follow a comma, and points or spaces part the thousands.
    """

    names: tuple[str, ...]
    optional: bool = False
    fine: bool = False
    strip: str | None = None
    comma: bool = False


@dataclass(frozen=True, slots=True)
class CurrencySign:
    """The currency code that the sign before an amount stands for."""

    names: tuple[str, ...]
    signs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Time:
    """A moment. The first of ``names`` that is filled counts; ``zone`` may be a reading's name.

    ``formats`` are tried in order (polars' strptime); where none is given, those of Chinese bills.
    ``clock`` names a second column that holds the time of day. ``ways``: groups of formats of which
    the whole file keeps to one, such as day before month; see etl.reading.dates.
    """

    names: tuple[str, ...]
    formats: tuple[str, ...] = ()
    clock: tuple[str, ...] = ()
    optional: bool = False
    ways: tuple[tuple[str, ...], ...] = ()


Reading = Text | Payer | Product | Money | CurrencySign | Time


def text(*names: str, required: bool = False, label: bool = False) -> Text:
    """Read a text column by the first of ``names`` that the header has."""
    return Text(names, required=required, label=label)


def ident(*names: str, required: bool = True) -> Text:
    """Read an id; refuse one that a spreadsheet has rounded."""
    return Text(names, required=required, identity=True)


def payer(*names: str) -> Payer:
    """Read a payer id."""
    return Payer(names)


def product(*names: str) -> Product:
    """Read a product name."""
    return Product(names)


def money(
    *names: str,
    optional: bool = False,
    fine: bool = False,
    strip: str | None = None,
    comma: bool = False,
) -> Money:
    """Read an amount."""
    return Money(names, optional, fine, strip, comma)


def time(
    *names: str,
    formats: Sequence[str] = (),
    clock: Sequence[str] = (),
    optional: bool = False,
    ways: tuple[tuple[str, ...], ...] = (),
) -> Time:
    """Read a moment."""
    return Time(names, tuple(formats), tuple(clock), optional, ways)


@dataclass(frozen=True, slots=True)
class Total:
    """A total the file states: ``says`` is a pattern whose one group is the figure.

    The same is computed as the sum of the reading ``of``, or the number of rows where None, over
    the accepted rows for which ``where`` holds. ``lines`` counts all rows of the table instead,
    refused and skipped ones too. A total below the table is looked for as ``合计 column：figure``.
    ``rows``: what is stated is the sum of the reading ``of`` itself, and this expression over the
    readings is what it should be.
    """

    name: str
    says: str = ""
    of: str | None = None
    where: pl.Expr | None = None
    lines: bool = False
    rows: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class Also:
    """A second movement made from a row for which ``where`` holds."""

    where: pl.Expr
    makes: Mapping[str, pl.Expr]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One layout of one source.

    ``signature``: names that the header must all have. ``reads``: what is read, by a name of our
    own; ``makes``: canonical columns as expressions over those names (amounts are minor units,
    moments UTC). What is absent from ``makes`` is '' or 0; ``net`` is derived where absent.
    ``refuses``: catalogue key -> rows that are bad; ``skips``: rows that are no payments.
    ``ends``: how the first line after the table begins; ``closed``: a file without it was cut off.
    ``rival`` names a layout that states the same money in another way, see etl.canonical.Bill.
    ``zone_of`` names a reading that holds each row's time zone, ``zones`` translates its words.
    ``numbered``: canonical columns that make an id where the file has none; see RowNumbers.
    ``says``: patterns with groups account, label, start, end, exported, looked for outside the
    table. ``payments=False``: recognised, and none of its rows is a payment.
    """

    source: str
    platform: str
    name: str
    signature: tuple[str, ...]
    reads: Mapping[str, Reading] = field(default_factory=dict)
    makes: Mapping[str, pl.Expr] = field(default_factory=dict)
    also: tuple[Also, ...] = ()
    refuses: Mapping[str, pl.Expr] = field(default_factory=dict)
    skips: pl.Expr | None = None
    ends: tuple[str, ...] = ()
    closed: bool = False
    rival: str = ""
    says: tuple[str, ...] = ()
    totals: tuple[Total, ...] = ()
    zone: str = CHINA
    zone_of: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)
    numbered: tuple[str, ...] = ()
    currency: str = "CNY"
    personal: bool = False
    payments: bool = True
    sheets: tuple[str, ...] = ()

    @property
    def undecided(self) -> str:
        """The reading whose way of writing dates is to be seen from the whole file, or ''."""
        ways = (key for key, one in self.reads.items() if isinstance(one, Time) and one.ways)
        return next(ways, "")


def either(column: str, words: Mapping[str, str], default: str = "") -> pl.Expr:
    """Translate the words of a reading, for example a platform's types to our kinds."""
    return pl.col(column).replace_strict(words, default=default, return_dtype=pl.String)


def personal_says(account: str, start: str, end: str, exported: str) -> tuple[str, ...]:
    """Return the patterns of a personal bill's preamble, each given what stands before its word."""
    leads = {"account": account, "start": start, "end": end, "exported": exported}
    words = {"account": r"[^\]\n,]+"}
    stamp = r"[\d/-]+(?: [\d:]+)?"
    return tuple(
        rf"{lead}\[?(?P<{name}>{words.get(name, stamp)})\]?" for name, lead in leads.items()
    )


def not_received(column: str) -> pl.Expr:
    """Whether a personal bill's row is the owner's own spending, or money that only moved."""
    return pl.col(column).is_in(["支出", "不计收支", "中性交易", "其他", "/"])


def filled(column: str) -> pl.Expr:
    """Whether a text reading is there."""
    return pl.col(column) != ""
