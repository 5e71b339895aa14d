"""The opening case: one place on up to three pages, for a landlord or a bank."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from figures import formats
from reports.site_map import site_map
from reports.site_words import Row, SiteWords, losses_of

NEAR_KM = 2.0
LOSSES = 12
_KM_A_DEGREE = 111.2


def printed(words: SiteWords, row: Row, now: datetime) -> dict[str, Any]:
    """Return what ``case.typ`` prints of a suggestion or an answered pin."""
    detail = words.sites.detail
    return {
        "lang": words.lang,
        "chain": words.chain.name,
        "report": words.say("case.report"),
        "name": words.name(row),
        "where": words.say("case.where", lat=f"{row['lat']:.5f}", lon=f"{row['lon']:.5f}"),
        "sentence": words.say(
            "case.sentence",
            low=words.money(row["revenue_low"]),
            high=words.money(row["revenue_high"]),
            gain=words.money(row["net_gain"]),
        ),
        "tiles": _tiles(words, row),
        "heads": {
            name: words.say(f"case.{name}")
            for name in ("area", "rivals", "forecast", "losses", "cost", "checks", "sources")
        },
        "map": {
            "svg": site_map(
                (row["lat"], row["lon"]),
                _shaded(detail["cells"]),
                [(store[1], store[2]) for store in detail["stores"]],
                [(rival[0], rival[1]) for rival in detail["rivals"]],
            ),
            "legend": words.say("case.legend"),
        },
        "area": [*_people(words, row, detail), *_about(words, row, rivals=False)],
        "rivals": _about(words, row, rivals=True) or [_rivals(words, row, detail)],
        "forecast": [
            words.say("case.middle", amount=words.money(row["revenue"])),
            words.between(row),
            words.say("case.net", between=words.between(row, "net")),
            words.error(),
            *_order(words),
        ],
        "losses": [
            [words.store(store), f"−{words.money(loss)}"] for store, loss in losses_of(row)[:LOSSES]
        ],
        "no_losses": words.say("page.no_loss"),
        "cost": _cost(words, row),
        "checks": words.notes(row["checks"]),
        "sources": _sources(words, now),
    }


def file_name(words: SiteWords, row: Row) -> str:
    """Return what the file is called."""
    kept = "".join(one if one.isprintable() and one not in '/\\:*?"<>|' else "-"
                   for one in words.name(row))  # fmt: skip
    return f"{words.say('case.report')} {kept}.pdf"


def _tiles(words: SiteWords, row: Row) -> list[dict[str, str]]:
    shown = (
        ("head.revenue", words.money(row["revenue"]), words.between(row)),
        ("head.gain", words.money(row["net_gain"]), words.between(row, "net")),
        ("head.missed", formats.percent(row["error"]), words.say("case.missed")),
    )
    return [{"label": words.say(key), "figure": big, "change": small} for key, big, small in shown]


def _shaded(cells: Any) -> list[tuple[float, float, float]]:
    rows = np.asarray(cells, dtype=float).reshape(-1, 4)
    order = np.argsort(np.argsort(rows[:, 2], kind="stable"), kind="stable")
    top = max(len(rows) - 1, 1)
    return [
        (float(a), float(b), float(rank) / top)
        for (a, b), rank in zip(rows[:, :2], order, strict=True)
    ]


def _near(row: Row, lat: Any, lon: Any) -> Any:
    north = (np.asarray(lat, float) - row["lat"]) * _KM_A_DEGREE
    east = (np.asarray(lon, float) - row["lon"]) * _KM_A_DEGREE * np.cos(np.radians(row["lat"]))
    return np.hypot(north, east) <= NEAR_KM


def _people(words: SiteWords, row: Row, detail: Mapping[str, Any]) -> list[str]:
    cells = np.asarray(detail["cells"], dtype=float).reshape(-1, 4)
    if len(cells) < detail["areas"]:
        return []  # of a large map not every cell is kept, so nothing can be counted
    people = float(cells[_near(row, cells[:, 0], cells[:, 1]), 3].sum())
    count = formats.count_short(people, words.lang)
    return [words.say("case.people", people=count, km=f"{NEAR_KM:g}")]


def _rivals(words: SiteWords, row: Row, detail: Mapping[str, Any]) -> str:
    rivals = np.asarray(detail["rivals"], dtype=float).reshape(-1, 2)
    if not len(rivals):
        return words.say("note.no_competitors")
    count = int(_near(row, rivals[:, 0], rivals[:, 1]).sum())
    return words.say("case.near_rivals", count=count, km=f"{NEAR_KM:g}")


def _about(words: SiteWords, row: Row, *, rivals: bool) -> list[str]:
    told = [note for note in row["reasons"] if ("rivals" in note["key"]) == rivals]
    return words.notes(told)


def _order(words: SiteWords) -> list[str]:
    notes = words.sites.detail.get("notes", ())
    return words.notes([note for note in notes if note["key"].startswith("sites.note.no_order")])


def _cost(words: SiteWords, row: Row) -> list[str]:
    assumed = words.sites.assumed
    said = []
    if row["capex"] is not None:
        said.append(words.say("case.capex", amount=words.money(row["capex"])))
    if assumed.get("margin") is not None:
        said.append(words.say("case.margin", share=formats.percent(assumed["margin"])))
    if row["rent"] is not None:
        key = "page.usual_rent" if row.get("proposed") else "case.rent"
        said.append(words.say(key, rent=words.money(row["rent"])))
    if row["profit"] is not None:
        said.append(words.say("case.profit", amount=words.money(row["profit"])))
    return [*said, words.pay_back(row)]


def _sources(words: SiteWords, now: datetime) -> list[str]:
    stores = len(words.sites.detail.get("stores", ()))
    said = [words.say("case.from_sales", count=stores, days=91)]
    for kind, file in sorted(words.sites.files.items()):
        rows = formats.count_full(file.rows, words.lang)
        system = words.say(f"coordinates.{file.system}")
        named = words.say("page.file", name=file.name, rows=rows, system=system)
        said.append(f"{words.say(f'kind.{kind}')}: {named}")
    if words.sites.detail.get("coarse"):
        said.append(words.say("case.gazetteer"))
    zone = ZoneInfo(words.chain.time_zone)
    made = words.sites.done_at or now
    when = made.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return [*said, words.say("case.method"), words.say("case.made", when=when)]
