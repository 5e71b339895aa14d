"""All reading of the warehouse: one query layer for board, digest and export."""

from warehouse.reads.protocol import (
    SUMS,
    Attention,
    Batch,
    ChainInfo,
    Compared,
    Daily,
    Filters,
    Grain,
    Overview,
    Page,
    ReadsProtocol,
    Totals,
    grain_for,
)
from warehouse.reads.reads import Reads

__all__ = [
    "SUMS",
    "Attention",
    "Batch",
    "ChainInfo",
    "Compared",
    "Daily",
    "Filters",
    "Grain",
    "Overview",
    "Page",
    "Reads",
    "ReadsProtocol",
    "Totals",
    "grain_for",
]
