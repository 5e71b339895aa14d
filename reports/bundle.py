"""Reports of many stores in one zip, made store by store so that it can be shared and taken up."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from chain.terms import terms_at
from reports import contents, xlsx_file
from reports.contents import Asked
from reports.paper import Paper
from reports.store_report import StoreReports


@dataclass(frozen=True, slots=True)
class Bundle:
    """The reports of ``stores`` in ``folder``, a file each; what is there is not made again."""

    asked: Asked
    folder: Path

    def stores(self) -> list[int]:
        """Return the stores that were open in the period and fit the choice, in order."""
        rows = self.asked.reads.stores()
        filters = self.asked.filters
        wanted = ~rows["unassigned"].astype(bool)
        if filters.regions:
            wanted &= rows["region_id"].isin(filters.regions)
        if filters.cities:
            wanted &= rows["city"].isin(filters.cities)
        if filters.stores:
            wanted &= rows["store_id"].isin(filters.stores)
        period = filters.period
        if filters.ownership:
            terms = self.asked.reads.store_terms()
            held = [terms_at(terms, int(one), period.end).ownership for one in rows["store_id"]]
            wanted &= pd.Series(held, index=rows.index).isin(filters.ownership)
        wanted &= rows["opened_on"].isna() | (rows["opened_on"] <= period.end)
        wanted &= rows["closed_on"].isna() | (rows["closed_on"] >= period.start)
        return [int(store) for store in rows["store_id"][wanted]]

    def make(self, stores: Sequence[int], paper: Paper) -> Iterator[int]:
        """Make the reports that are not there yet; yield how many of the folder are, each time."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        asked = self.asked
        reports = StoreReports.of(asked.reads, asked.filters, asked.lang, asked.now)
        for store in stores:
            path = self.folder / f"{store}.pdf"
            if not path.exists():
                with whole(path) as made:
                    made.write_bytes(paper.pdf(reports.printed(store)))
            yield self.done()

    def done(self) -> int:
        """Return how many reports are there."""
        return sum(1 for _ in self.folder.glob("*.pdf"))

    def zip(self, stores: Sequence[int], path: Path) -> int:
        """Put all into one zip with the ranking as a workbook; return its size in bytes.

        Raises FileNotFoundError where a report is missing, so that none is left out in silence.
        """
        asked = self.asked
        reports = StoreReports.of(asked.reads, asked.filters, asked.lang, asked.now)
        names: set[str] = set()
        with whole(path) as made, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
            book = self.folder / "ranking.xlsx"
            table = contents.ranking(asked)
            xlsx_file.write(table, book)
            archive.write(book, f"{table.name}.xlsx")
            for store in stores:
                name = reports.file_name(store)
                if name in names:
                    name = f"{store} {name}"
                names.add(name)
                archive.write(self.folder / f"{store}.pdf", name)
        return path.stat().st_size


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a place to write to, which becomes ``path`` only once the block is through."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield made
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)
