"""From batches of raw cells to canonical rows, by a layout's declaration."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from chain.errors import BadRecord
from chain.money import exponent, to_major
from etl.canonical import SCHEMA, Chunk
from etl.reading.encodings import Carrier
from etl.reading.head import Header
from etl.reading.layout import (
    CurrencySign,
    Layout,
    Money,
    Payer,
    Product,
    Reading,
    Text,
    Time,
)
from etl.reading.mask import SUSPECT, mask
from etl.reading.numbers import RowNumbers
from etl.reading.stored_value import sold
from etl.reading.table import Batch
from etl.reading.typed import (
    TIMES,
    read_fine,
    read_minor,
    read_payer,
    read_sign,
    read_text,
    read_time,
    rounded_ids,
)
from etl.reading.zones import known_zone

_SHOWN = 60
_PLACE = "place in batch"


@dataclass(frozen=True, slots=True)
class _Problem:
    """Rows that are bad for one reason."""

    rows: pl.Series
    key: str
    column: str
    cells: pl.Series | None


def _masked(texts: pl.Series) -> pl.Series:
    """Mask the few texts that hold something private, by their distinct values."""
    distinct = texts.unique()
    suspect = distinct.filter(distinct.str.contains(SUSPECT))
    if suspect.is_empty():
        return texts
    return texts.replace(suspect, pl.Series(map(mask, suspect), dtype=pl.String))


class RowMaker:
    """Turns batches into chunks, and sums what the file states totals of."""

    def __init__(self, header: Header, carrier: Carrier, account_ref: str) -> None:
        self._header, self._carrier = header, carrier
        self._layout: Layout = header.layout
        self._account_ref = account_ref
        self._places = {
            key: place for key, one in self._layout.reads.items() if (place := self._find(one))
        }
        self.sums: dict[str, Decimal] = {one.name: Decimal(0) for one in self._layout.totals}
        self.stated = dict(self.sums)
        self._payers = [k for k, one in self._layout.reads.items() if isinstance(one, Payer)]
        self._numbers = RowNumbers(self._layout.numbered)
        self.lines = 0
        fine = [k for k, one in self._layout.reads.items() if isinstance(one, Money) and one.fine]
        self.rounding: dict[str, tuple[Decimal, Decimal]] = dict.fromkeys(fine, (Decimal(0),) * 2)

    @property
    def wanted(self) -> list[int]:
        """The columns of the file that are read, by their position in the header."""
        return sorted({index for place in self._places.values() for index in place})

    def _find(self, reading: Reading) -> list[int]:
        names = self._header.names
        found = [names.index(name) for name in reading.names if name in names]
        if not isinstance(reading, Time):
            return found[:1]
        return found + [names.index(name) for name in reading.clock if name in names][:1]

    def chunk(self, batch: Batch, bytes_read: int) -> Chunk:
        """Return the batch's rows by SCHEMA, its refused rows, and the count of non-payments."""
        layout, height = self._layout, batch.cells.height
        self.lines += height + len(batch.rejects)
        if not layout.payments or not height:
            return Chunk(pl.DataFrame(schema=SCHEMA), batch.rejects, height, bytes_read)
        places = pl.int_range(height, eager=True)
        texts = pl.DataFrame({"line": batch.lines, _PLACE: places, **self._texts(batch.cells)})
        cells, skipped = batch.cells, 0
        if layout.skips is not None:
            keep = ~texts.select(keep=layout.skips.fill_null(False))["keep"]
            skipped = height - int(keep.sum())
            if skipped:
                texts, cells = texts.filter(keep), cells.filter(keep)
        problems = self._text_problems(texts, cells)
        typed = self._values(texts, cells, problems)
        for key, where in layout.refuses.items():
            self._refuse(typed, key, where, problems)
        rejects = batch.rejects
        if problems:
            typed, more = self._reject(typed, cells, problems, batch)
            rejects = sorted([*rejects, *more], key=lambda one: one.line)
        self._tally(typed)
        return Chunk(self._canonical(typed), rejects, skipped, bytes_read)

    def _cells(self, cells: pl.DataFrame, key: str) -> pl.Series:
        place = self._places.get(key)
        if not place:
            return pl.Series([""], dtype=pl.String).new_from_index(0, cells.height)
        return cells[f"c{place[0]}"]

    def _texts(self, cells: pl.DataFrame) -> dict[str, pl.Series]:
        made: dict[str, pl.Series] = {}
        for key, reading in self._layout.reads.items():
            if isinstance(reading, Text):
                made[key] = read_text(self._cells(cells, key), self._carrier)
                if reading.label:
                    made[key] = _masked(made[key])
            elif isinstance(reading, CurrencySign):
                made[key] = read_sign(self._cells(cells, key), self._carrier, reading.signs)
            elif isinstance(reading, Payer):
                made[key] = read_payer(self._cells(cells, key), self._carrier)
            elif isinstance(reading, Product):
                made[key] = sold(self._cells(cells, key), self._carrier)
        if "currency" in made:
            made["currency"] = made["currency"].str.to_uppercase()
        return made

    def _text_problems(self, texts: pl.DataFrame, cells: pl.DataFrame) -> list[_Problem]:
        problems: list[_Problem] = []

        def note(rows: pl.Series, reason: str, key: str) -> None:
            if rows.any():
                name = self._layout.reads[key].names[0]
                problems.append(_Problem(rows, f"etl.bad.{reason}", name, self._cells(cells, key)))

        for key, reading in self._layout.reads.items():
            if isinstance(reading, Text):
                note(texts[key].is_null(), "encoding", key)
                if reading.required:
                    note(texts[key] == "", "missing", key)
                if reading.identity:
                    note(rounded_ids(texts[key]), "precision", key)
        if "currency" in self._layout.reads:
            note(~texts["currency"].str.contains(r"^[A-Z]{3}$"), "currency", "currency")
        if zone_of := self._layout.zone_of:
            zones = texts[zone_of]
            known = [one for one in zones.unique() if known_zone(one or "", self._layout.zones)]
            note(~zones.is_in(known), "zone", zone_of)
        return problems

    def _values(
        self, texts: pl.DataFrame, cells: pl.DataFrame, problems: list[_Problem]
    ) -> pl.DataFrame:
        """Add the amounts and moments to the texts, noting the cells that hold none."""
        made: dict[str, pl.Series] = {}
        for key, reading in self._layout.reads.items():
            if isinstance(reading, Money):
                raw = self._amounts(cells, key, reading)
                made[key] = self._minor(raw, texts, reading.optional)
                if reading.fine:
                    exact = read_fine(raw, self._carrier, optional=reading.optional)
                    made[f"{key}.exact"] = exact
                reason = "amount"
            elif isinstance(reading, Time):
                raw = self.clocked(cells, key)
                made[key] = self._moments(raw, texts, reading)
                reason = "time"
            else:
                continue
            bad = made[key].is_null()
            if isinstance(reading, Time) and reading.optional:
                bad &= raw.str.strip_chars() != ""
            if bad.any():
                problems.append(_Problem(bad, f"etl.bad.{reason}", reading.names[0], raw))
        return texts.with_columns(**made)

    def _amounts(self, cells: pl.DataFrame, key: str, reading: Money) -> pl.Series:
        raw = self._cells(cells, key)
        if reading.strip:
            raw = read_text(raw, self._carrier).str.replace_all(reading.strip, "")
        if reading.comma:
            bare = read_text(raw, self._carrier).str.replace_all(r"[.\s\u00a0\u202f']", "")
            raw = bare.str.replace(",", ".", literal=True)
        return raw

    def _minor(self, raw: pl.Series, texts: pl.DataFrame, optional: bool) -> pl.Series:
        if "currency" not in texts.columns:
            return read_minor(raw, self._carrier, self._layout.currency, optional=optional)
        currencies = texts["currency"]
        by_places = {exponent(one or ""): one or "" for one in currencies.unique()}
        made = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(raw))
        for places, currency in by_places.items():
            same = [one for one in currencies.unique() if exponent(one or "") == places]
            rows = currencies.is_in(same)
            part = read_minor(raw.filter(rows), self._carrier, currency, optional=optional)
            made = made.scatter(rows.arg_true(), part)
        return made

    def clocked(self, cells: pl.DataFrame, key: str) -> pl.Series:
        """Return the moments' cells: the first that is filled, or a date and a clock as one."""
        place = self._places.get(key, [])
        if not place:
            return self._cells(cells, key)
        columns = [cells[f"c{index}"] for index in place]
        reading = self._layout.reads[key]
        if isinstance(reading, Time) and reading.clock:
            day, clock = (one.str.strip_chars() for one in (columns[0], columns[-1]))
            return day + " " + clock
        raw = columns[0]
        for other in columns[1:]:
            empty = raw.str.strip_chars() == ""
            raw = raw.zip_with(~empty, other) if empty.any() else raw
        return raw

    def _moments(self, raw: pl.Series, texts: pl.DataFrame, reading: Time) -> pl.Series:
        layout = self._layout
        formats = reading.formats or TIMES
        if not layout.zone_of:
            return read_time(raw, self._carrier, formats, layout.zone)
        zones = texts[layout.zone_of]
        made = pl.Series([None], dtype=pl.Datetime("us", "UTC")).new_from_index(0, len(raw))
        for zone in zones.unique():
            known = known_zone(zone or "", layout.zones)
            if known is not None:
                rows = zones == zone
                part = read_time(raw.filter(rows), self._carrier, formats, known)
                made = made.scatter(rows.arg_true(), part)
        return made

    def _refuse(
        self, typed: pl.DataFrame, key: str, where: pl.Expr, problems: list[_Problem]
    ) -> None:
        rows = typed.select(bad=where.fill_null(True))["bad"]
        if rows.any():
            # The value to show is that of the text the expression looks at.
            named = [one for one in where.meta.root_names() if typed.schema.get(one) == pl.String()]
            name = named[0] if named else ""
            reading = self._layout.reads.get(name)
            problems.append(
                _Problem(
                    rows,
                    key,
                    reading.names[0] if reading else "",
                    typed[name] if name else None,
                )
            )

    def _reject(
        self, typed: pl.DataFrame, cells: pl.DataFrame, problems: list[_Problem], batch: Batch
    ) -> tuple[pl.DataFrame, list[BadRecord]]:
        """Take the bad rows out; each is reported with the first of its problems."""
        first: dict[int, _Problem] = {}
        for problem in reversed(problems):
            first.update(dict.fromkeys(problem.rows.arg_true().to_list(), problem))
        rejects = []
        lines, at = typed["line"], typed[_PLACE]
        for row in sorted(first):
            problem = first[row]
            value = "" if problem.cells is None else problem.cells[row]
            shown = self._shown(value or "")
            params = {"column": problem.column, "value": shown}
            raw = self._unpaid(batch.raw(at[row]), cells, row)
            rejects.append(BadRecord(lines[row], raw, problem.key, dict(params)))
        good = pl.Series([True]).new_from_index(0, typed.height)
        return typed.filter(good.scatter(sorted(first), False)), rejects

    def _unpaid(self, raw: str, cells: pl.DataFrame, row: int) -> str:
        """Return a raw line without its payer's id, which is kept as a keyed hash only."""
        for key in self._payers:
            cell = self._cells(cells, key)[row] or ""
            word = mask((self._carrier.plain(cell) or "").strip())
            if "*" not in word and re.search(r"\w", word):
                raw = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "***", raw)
        return raw

    def _shown(self, cell: str) -> str:
        plain = self._carrier.plain(cell)
        return mask((cell if plain is None else plain).strip())[:_SHOWN]

    def _tally(self, typed: pl.DataFrame) -> None:
        for name, (exact, rounded) in self.rounding.items():
            more = to_major(int(typed[name].sum() or 0), self._layout.currency)
            self.rounding[name] = exact + Decimal(typed[f"{name}.exact"].sum() or 0), rounded + more
        sums = {}
        for total in self._layout.totals:
            rows = pl.lit(True) if total.where is None else total.where
            if total.of is None:
                sums[total.name] = pl.len() if total.where is None else rows.sum()
            else:
                summed = pl.col(_exact(total.of, typed))
                if total.rows is not None:
                    sums[f"{total.name} stated"], summed = summed.filter(rows).sum(), total.rows
                sums[total.name] = summed.filter(rows).sum()
        if not sums:
            return
        row = typed.select(**sums).row(0, named=True)
        for total in self._layout.totals:
            self.sums[total.name] += self._figure(row[total.name], total.of)
            if total.rows is not None:
                self.stated[total.name] += self._figure(row[f"{total.name} stated"], total.of)

    def _figure(self, figure: int | Decimal | None, of: str | None) -> Decimal:
        if isinstance(figure, int) and of is not None:
            return to_major(figure, self._layout.currency)
        return Decimal(figure or 0)

    def _canonical(self, typed: pl.DataFrame) -> pl.DataFrame:
        layout = self._layout
        frames = [self._movements(typed, layout.makes)]
        for also in layout.also:
            rows = typed.filter(also.where)
            if rows.height:
                frames.append(self._movements(rows, also.makes))
        frame = frames[0]
        if len(frames) > 1:
            frame = pl.concat(frames).sort("line", maintain_order=True)
        return self._numbers.put(frame) if layout.numbered else frame

    def _movements(self, typed: pl.DataFrame, makes: Mapping[str, pl.Expr]) -> pl.DataFrame:
        made = dict(makes)
        stored = [key for key, one in self._layout.reads.items() if isinstance(one, Product)]
        if stored and "kind" in made:
            trade = made["kind"].is_in(["sale", "refund"]) & (pl.col(stored[0]) != "")
            made["kind"] = pl.when(trade).then(pl.col(stored[0])).otherwise(made["kind"])
        defaults: dict[str, pl.Expr] = {
            "line": pl.col("line"),
            "account_ref": pl.lit(self._account_ref),
            "currency": pl.col("currency")
            if "currency" in typed.columns
            else pl.lit(self._layout.currency),
        }
        columns = []
        for name, kind in SCHEMA.items():
            blank = pl.lit("") if kind == pl.String() else pl.lit(0)
            blank = pl.lit(None, dtype=kind) if name == "payer" else blank
            column = made.get(name, defaults.get(name, blank)).cast(kind)
            if kind == pl.String() and name != "payer":
                column = column.fill_null("")
            columns.append(column.alias(name))
        frame = typed.lazy().select(columns)
        if "net" not in made:
            net = pl.col("gross") - pl.col("merchant_subsidy") - pl.col("fee")
            frame = frame.with_columns(net=net)
        return frame.collect()


def _exact(name: str, typed: pl.DataFrame) -> str:
    return f"{name}.exact" if f"{name}.exact" in typed.columns else name
