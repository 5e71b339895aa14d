"""Cells that cannot act in a spreadsheet, whoever wrote what is in them."""

import polars as pl

ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the start of a formula, the full-width forms included
(OWASP, "CSV Injection")."""


def harmless(cell: str) -> str:
    """Return ``cell`` so that no spreadsheet takes it for a formula."""
    return f"'{cell}" if cell.startswith(ACTIVE) else cell


def harmless_series(texts: pl.Series) -> pl.Series:
    """Do the same to a column."""
    active = texts.str.contains(f"^[{''.join(ACTIVE[:2])}\\-{''.join(ACTIVE[3:])}]")
    return texts.zip_with(~active.fill_null(value=False), "'" + texts)
