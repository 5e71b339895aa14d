"""From raw cells to amounts, moments and texts: whole columns at a time, exactly.

Each reader takes a column of raw (carried) cells and gives a column of the same length in which
null means: this cell is no good.
"""

from collections.abc import Mapping

import polars as pl

from chain.money import exponent
from etl.reading.encodings import Carrier

TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
)
FINE = pl.Decimal(38, 10)
_LARGEST = 10**16
_AMOUNT = r"^[+-]?([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$"
_SIGNED = r"^([+-]?)\s*(?:CN[¥￥]|US\$|[¥￥$€£])?\s*([+-]?)"
# A spreadsheet writes one digit before the point, so that most ids are let go at their second.
_ROUNDED = r"^[0-9](\.[0-9]*)?[eE]\+?[0-9]+$"
_CHINA_SETTLED = pl.datetime(1992, 1, 1)


def constant(cells: pl.Series) -> bool:
    """Whether all cells are the same: many columns are, and then one cell is read for all."""
    if len(cells) < 2 or cells[0] is None or cells[0] != cells[-1]:
        return False
    return bool((cells == cells[0]).all()) and not cells.null_count()


def read_text(cells: pl.Series, carrier: Carrier) -> pl.Series:
    """Strip, and decode what is not plain ASCII by its distinct values; null where undecodable."""
    if constant(cells):
        plain = carrier.plain(cells[0].strip(" \t"))
        return pl.Series(cells.name, [plain], dtype=pl.String).new_from_index(0, len(cells))
    if carrier.codec is None:
        return cells.str.strip_chars(" \t")
    if cells.str.len_bytes().sum() == cells.str.len_chars().sum():
        return cells.str.strip_chars()
    distinct = cells.unique()
    if len(distinct) * 4 < len(cells):
        words = [None if one is None else carrier.plain(one.strip(" \t")) for one in distinct]
        return cells.replace_strict(distinct, pl.Series(words, dtype=pl.String))
    cells = cells.str.strip_chars(" \t")
    wide = cells.filter(cells.str.len_bytes() != cells.str.len_chars()).unique()
    words = [carrier.plain(one) for one in wide]
    return cells.replace(wide, pl.Series(words, dtype=pl.String))


def read_sign(cells: pl.Series, carrier: Carrier, signs: Mapping[str, str]) -> pl.Series:
    """Return the codes that the currency signs in amounts stand for; '' where there is none."""
    found = read_text(cells, carrier).str.extract(r"([^\d\s.,()+-]+)").fill_null("")
    return found.replace_strict(signs, default="", return_dtype=pl.String)


def rounded_ids(ids: pl.Series) -> pl.Series:
    """Return where an id is a float that a spreadsheet made of it, such as 4.2E+27."""
    return ids.str.contains(_ROUNDED)


def read_payer(cells: pl.Series, carrier: Carrier) -> pl.Series:
    """Return whole payer ids; null for absent ones and for those the platform masked."""
    masked = cells.str.contains("*", literal=True)
    if masked.all():
        return pl.Series(cells.name, [None], dtype=pl.String).new_from_index(0, len(cells))
    bare = cells.str.strip_chars(" \t")
    return read_text(bare.set(masked | bare.is_in(["", "/", "-"]), None), carrier)


def read_minor(
    cells: pl.Series, carrier: Carrier, currency: str, *, optional: bool = False
) -> pl.Series:
    """Return amounts in minor units of ``currency``, rounded half-even; null where unreadable.

    ``optional``: an empty cell is nought.
    """
    if constant(cells):
        one = read_minor(cells.head(1), carrier, currency, optional=optional)
        return one.new_from_index(0, len(cells))
    return _whole(_decimal(cells, carrier, pl.Decimal(38, exponent(currency)), optional))


def read_fine(cells: pl.Series, carrier: Carrier, *, optional: bool = False) -> pl.Series:
    """Return amounts in major units as exact decimals of ten places."""
    return _decimal(cells, carrier, FINE, optional)


def _whole(amounts: pl.Series) -> pl.Series:
    minor = amounts.to_physical().cast(pl.Int64, strict=False)
    if (top := minor.abs().max()) is not None and int(str(top)) > _LARGEST:
        minor = minor.set(minor.abs() > _LARGEST, None)
    return minor


def _decimal(cells: pl.Series, carrier: Carrier, kind: pl.Decimal, optional: bool) -> pl.Series:
    """Cast, which rounds half-even; cells that are not bare numbers take the careful way."""
    amounts = cells.cast(kind, strict=False)
    # The cast takes 1e5 for a number, which no bill writes.
    odd = amounts.is_null() | cells.str.contains("[eE]")
    if odd.any():
        texts = _careful(read_text(cells.filter(odd), carrier), optional)
        careful = texts.cast(kind, strict=False)
        amounts = amounts.scatter(odd.arg_true(), careful)
    return amounts


def _careful(cells: pl.Series, optional: bool) -> pl.Series:
    """Return plain numbers for amounts with currency signs and thousands commas, else null."""
    if optional:
        cells = cells.replace(["", "-", "--", "/"], "0")
    bare = cells.str.strip_chars().str.replace(_SIGNED, "$1$2")
    good = bare.str.contains(_AMOUNT)
    return bare.str.replace_all(",", "", literal=True).set(~good, None)


def read_time(cells: pl.Series, carrier: Carrier, formats: tuple[str, ...], zone: str) -> pl.Series:
    """Return moments in UTC for local times in ``zone``; null where unreadable or out of range."""
    moments = _parse(cells, formats[0], zone)
    for form in ("", *formats[1:]):
        odd = moments.is_null()
        if not odd.any():
            break
        # The first round strips what some bills pad their times with.
        again = _parse(read_text(cells.filter(odd), carrier), form or formats[0], zone)
        moments = moments.scatter(odd.arg_true(), again)
    low, high = pl.datetime(1990, 1, 1, time_zone="UTC"), pl.datetime(2100, 1, 1, time_zone="UTC")
    column = pl.col("at")
    return moments.to_frame("at").select(pl.when(column.is_between(low, high)).then(column))["at"]


def _parse(cells: pl.Series, form: str, zone: str) -> pl.Series:
    if "%z" in form:
        zoned = cells.str.to_datetime(form, strict=False, time_unit="us")
        return zoned.dt.convert_time_zone("UTC")
    return localize(cells.str.to_datetime(form, strict=False, time_unit="us"), zone)


def localize(naive: pl.Series, zone: str) -> pl.Series:
    """Return local times as UTC; of a doubled hour the first, null for an hour that never was."""
    frame = naive.to_frame("at")
    column = pl.col("at")
    if zone == "Asia/Shanghai" and frame.select((column >= _CHINA_SETTLED).all()).item():
        # China has kept UTC+8 all year since 1991; the general way is far slower.
        moved = column.dt.offset_by("-8h").dt.replace_time_zone("UTC")
    else:
        moved = column.dt.replace_time_zone(
            zone, ambiguous="earliest", non_existent="null"
        ).dt.convert_time_zone("UTC")
    return frame.select(moved)["at"]
