"""The demo chain: a tea chain that writes the bills of its platforms as they write them."""

from runtime.demo.bills import MANIFEST, SEED, count_bills, describe, write_bills
from runtime.demo.description import (
    DemoAccount,
    DemoBinding,
    DemoCampaign,
    DemoChain,
    DemoRegion,
    DemoSize,
    DemoStore,
)
from runtime.demo.manifest import Entry, Sums, expected_totals, read_manifest
from runtime.demo.marketing import SPEND
from runtime.demo.neighbourhoods import AREAS, COMPETITORS, TRUTH_AREAS
from runtime.demo.truth import TRUTH, TRUTH_DAYS

__all__ = [
    "AREAS",
    "COMPETITORS",
    "MANIFEST",
    "SEED",
    "SPEND",
    "TRUTH",
    "TRUTH_AREAS",
    "TRUTH_DAYS",
    "DemoAccount",
    "DemoBinding",
    "DemoCampaign",
    "DemoChain",
    "DemoRegion",
    "DemoSize",
    "DemoStore",
    "Entry",
    "Sums",
    "count_bills",
    "describe",
    "expected_totals",
    "read_manifest",
    "write_bills",
]
