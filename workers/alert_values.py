"""A rule's values by unit and day, of what the warehouse read: the input of ``advice.alerts``."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from advice.alerts import Bools, Floats, measured, rolled
from chain.alerts import Rule
from chain.days import Period
from chain.metrics import METRICS, Column, Metric
from warehouse.reads import watch
from warehouse.reads.context import Context
from warehouse.reads.details import repeat_share
from warehouse.reads.protocol import Filters
from warehouse.reads.watch import Reporting, Sheet

WHOLE = 0.95
"""A region, platform or chain is whole once so many of its usual stores and platforms reported."""
YEAR = 364
_GROSS: Column = "gross"


@dataclass(frozen=True, slots=True)
class Units:
    """What a rule is about: subjects, the stores of each (columns of the store sheet), all days."""

    subjects: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    values: Floats
    days: tuple[date, ...]


@dataclass
class Material:
    """What one person's rules are evaluated on; sheets are read once for all of them.

    ``day`` is the last complete day; ``before`` how many days before it any of the rules needs.
    ``whole``: the person sees the whole chain.
    """

    context: Context
    day: date
    before: int
    columns: tuple[Column, ...]
    whole: bool
    _sheets: dict[tuple[object, ...], Sheet] = field(default_factory=dict)
    _reporting: Reporting | None = None

    def __post_init__(self) -> None:
        known = watch.areas(self.context)
        opened = {store: row for store, row in known.items() if row[3] is None or row[3] > self.day}
        self.stores = tuple(sorted(opened))
        self.area = np.array([opened[store][0] for store in self.stores])
        self.region = np.array([opened[store][1] for store in self.stores], dtype=np.int64)
        self.opened = tuple(opened[store][2] for store in self.stores)

    @property
    def period(self) -> Period:
        """The days that are read."""
        return Period(self.day - timedelta(days=self.before), self.day)

    def reporting(self) -> Reporting:
        """Return what usually reports, and whether it has; read once."""
        if self._reporting is None:
            self._reporting = watch.reporting(self.context, self.day)
        return self._reporting

    def sheet(self, platforms: Sequence[str], back: int = 0) -> Sheet:
        """Return the store sheet, ``back`` days earlier."""
        key = ("store", tuple(platforms), back)
        if key not in self._sheets:
            filters = Filters(self.period.shifted(-back), platforms=tuple(platforms))
            self._sheets[key] = watch.sheet(
                self.context, filters, "store_id", self.columns, self.stores
            )
        return self._sheets[key]

    def by_platform(self, rule: Rule, stores: tuple[int, ...] | None) -> Sheet:
        """Return the platform sheet of some stores (None: of all money)."""
        key = ("platform", rule.platforms, stores)
        if key not in self._sheets:
            filters = Filters(self.period, platforms=rule.platforms, stores=stores or ())
            self._sheets[key] = watch.sheet(self.context, filters, "platform", self.columns)
        return self._sheets[key]


def units(material: Material, rule: Rule) -> Units:
    """Return the values of what a rule is about, NaN on days that are not whole yet."""
    matched = _matched(material, rule)
    days = material.sheet(rule.platforms).days if rule.each != "platform" else ()
    if rule.each == "platform":
        chosen = tuple(material.stores[at] for at in matched)
        sheet = material.by_platform(rule, chosen if narrowed(rule) else None)
        members = tuple(matched for _ in sheet.units)
        values = _platform_values(material, rule, sheet)
        subjects = tuple(f"platform:{name}" for name in sheet.units)
        days = sheet.days
    else:
        subjects, members = _groups(material, rule, matched)
        values = _values(material, rule, members)
    if rule.metric not in {"days_without", "repeat_share"}:
        values = np.where(_whole(material, rule, subjects, members, len(days)), values, np.nan)
    return Units(subjects, members, values, days)


def narrowed(rule: Rule) -> bool:
    """Return whether a rule is about some stores alone."""
    return bool(rule.regions or rule.cities or rule.stores)


def _matched(material: Material, rule: Rule) -> tuple[int, ...]:
    """Return the places in ``material.stores`` of the stores that a rule is about."""
    if not narrowed(rule):
        return tuple(range(len(material.stores)))
    filters = Filters(material.period, regions=rule.regions, cities=rule.cities, stores=rule.stores)
    place = {store: at for at, store in enumerate(material.stores)}
    found = watch.matching_stores(material.context, filters)
    return tuple(place[store] for store in found if store in place)


def _groups(
    material: Material, rule: Rule, matched: tuple[int, ...]
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    if rule.each == "store":
        subjects = tuple(f"store:{material.stores[at]}" for at in matched)
        return subjects, tuple((at,) for at in matched)
    if rule.each == "chain":
        return (("chain",), (matched,)) if matched else ((), ())
    regions = sorted({int(material.region[at]) for at in matched} - {0})
    return tuple(f"region:{region}" for region in regions), tuple(
        tuple(at for at in matched if material.region[at] == region) for region in regions
    )


def _values(material: Material, rule: Rule, members: Sequence[tuple[int, ...]]) -> Floats:
    metric = METRICS[rule.metric]
    sheet = material.sheet(rule.platforms)
    if metric.name == "repeat_share":
        return _repeats(material, rule, members)
    if metric.name == "days_without":
        return _added(rolled(_without(material, sheet), rule.span), members)
    if metric.name == "same_store_growth":
        return _growth(material, rule, members)
    if metric.name == "share_of_chain":
        net = rolled(measured(_plain(metric), sheet.sums), rule.span)
        whole = np.nansum(
            rolled(measured(_plain(metric), _everything(material)), rule.span), axis=0
        )
        return _added(net, members) / np.where(whole == 0, np.nan, whole)
    sums = {
        name: rolled(sheet.sums[name], rule.span) for name in metric.columns if name != "area_sqm"
    }
    if "area_sqm" not in metric.columns:
        return measured(metric, {name: _added(table, members) for name, table in sums.items()})
    # Only stores whose floor area is known, above as below the line.
    known = [tuple(at for at in group if not np.isnan(material.area[at])) for group in members]
    grouped = {name: _added(table, known) for name, table in sums.items()}
    area = np.array([material.area[list(group)].sum() if group else np.nan for group in known])
    days = len(sheet.days)
    return measured(metric, grouped | {"area_sqm": np.repeat(area[:, None], days, axis=1)})


def _plain(metric: Metric) -> Metric:
    return Metric(metric.name, metric.unit, metric.up_is_good, metric.top)


def _everything(material: Material) -> dict[str, Floats]:
    return material.sheet(()).sums


def _platform_values(material: Material, rule: Rule, sheet: Sheet) -> Floats:
    metric = METRICS[rule.metric]
    sums = {name: rolled(table, rule.span) for name, table in sheet.sums.items()}
    if metric.name != "share_of_chain":
        return measured(metric, sums)
    whole = np.nansum(rolled(measured(_plain(metric), _everything(material)), rule.span), axis=0)
    return measured(_plain(metric), sums) / np.where(whole == 0, np.nan, whole)


def _added(table: Floats, members: Sequence[tuple[int, ...]]) -> Floats:
    """Return the sums over each group's stores; NaN where none of them has data."""
    if all(len(group) == 1 for group in members):
        return table[[group[0] for group in members]] if members else table[:0]
    out = np.full((len(members), table.shape[1]), np.nan)
    for row, group in enumerate(members):
        part = table[list(group)]
        out[row] = np.where(np.isnan(part).all(axis=0), np.nan, np.nansum(part, axis=0))
    return out


def _without(material: Material, sheet: Sheet) -> Floats:
    first = np.array(
        [(opened or date.min).toordinal() for opened in material.opened], dtype=np.int64
    )
    days = np.array([day.toordinal() for day in sheet.days], dtype=np.int64)
    missing = np.isnan(sheet.sums[_GROSS]) & (days[None, :] >= first[:, None])
    return missing.astype(np.float64)


def _growth(material: Material, rule: Rule, members: Sequence[tuple[int, ...]]) -> Floats:
    """Return the growth against the same weekdays a year before, over stores open in both."""
    plain = _plain(METRICS[rule.metric])
    now = rolled(measured(plain, material.sheet(rule.platforms).sums), rule.span)
    year = material.sheet(rule.platforms, YEAR)
    before = rolled(measured(plain, year.sums), rule.span)
    first = np.array([(opened or date.min).toordinal() for opened in material.opened])
    starts = np.array([day.toordinal() - rule.span + 1 for day in year.days])
    same = (first[:, None] <= starts[None, :]) & (before > 0)
    top = _added(np.where(same, now, np.nan), members)
    under = _added(np.where(same & ~np.isnan(now), before, np.nan), members)
    return top / np.where(under == 0, np.nan, under) - 1


def _repeats(material: Material, rule: Rule, members: Sequence[tuple[int, ...]]) -> Floats:
    days = material.period.days
    out = np.full((len(members), days), np.nan)
    if members:
        stores = tuple(material.stores[at] for at in members[0]) if narrowed(rule) else ()
        period = Period(material.day - timedelta(days=rule.span - 1), material.day)
        asked = Filters(period, period, stores=stores, platforms=rule.platforms)
        share, _ = repeat_share(material.context, asked)
        out[0, -1] = np.nan if share is None else share
    return out


def _whole(
    material: Material,
    rule: Rule,
    subjects: Sequence[str],
    members: Sequence[tuple[int, ...]],
    days: int,
) -> Bools:
    """Tell on which days all has come in that usually does; older days are taken as they stand."""
    out = np.ones((len(subjects), days), dtype=bool)
    known = material.reporting()
    rows = _rows_of(material, rule, subjects, members)
    counted = rows >= 0
    expected = np.bincount(rows[counted], minlength=len(subjects))
    present = np.zeros((len(subjects), len(known.days)))
    np.add.at(present, rows[counted], known.came[counted])
    share = np.where(expected[:, None] == 0, 1.0, present / np.maximum(expected, 1)[:, None])
    least = 1.0 if rule.each == "store" else WHOLE
    old = np.array([(material.context.chain.today - day).days > watch.FRESH for day in known.days])
    out[:, -len(known.days) :] = (share >= least) | old[None, :]
    return out


def _rows_of(
    material: Material, rule: Rule, subjects: Sequence[str], members: Sequence[tuple[int, ...]]
) -> NDArray[np.int64]:
    """Return which subject each pair of ``reporting`` counts for, -1 for none."""
    known = material.reporting()
    mine = np.full(len(material.stores) + 1, -1)
    for row, group in enumerate(members):
        mine[list(group)] = row
    place = {store: at for at, store in enumerate(material.stores)}
    # The last place is that of stores which are not looked at.
    at = np.array([place.get(store, -1) for store in known.stores.tolist()], dtype=np.int64)
    rows = mine[at]
    if rule.each == "platform":
        named = {subject.partition(":")[2]: row for row, subject in enumerate(subjects)}
        of = np.array([named.get(platform, -1) for platform in known.platforms], dtype=np.int64)
        rows = np.where(rows >= 0, of, -1)
    if rule.platforms:
        rows = np.where(np.isin(np.array(known.platforms), rule.platforms), rows, -1)
    return rows
