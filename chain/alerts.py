"""What an alert rule may say, and the hours in which nobody is woken.

A rule is one sentence built from a few choices: "Tell me when [net sales] of [any store in the
east] is [below its forecast range] for [2] days running".
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any, Literal, cast, get_args

from chain.errors import PermanentError
from chain.metrics import METRICS

Kind = Literal["range", "below", "above", "fell", "rose", "silent", "files", "unbound"]
Unit = Literal["store", "region", "platform", "chain"]
Severity = Literal["note", "warning", "urgent"]
KINDS: tuple[str, ...] = get_args(Kind)
UNITS: tuple[str, ...] = get_args(Unit)
SEVERITIES: tuple[str, ...] = get_args(Severity)
MEASURED = frozenset({"range", "below", "above", "fell", "rose"})
"""Kinds that hold a metric against something, day by day; the others are states."""
SPANS = (1, 7, 28)
"""Days that one value is of: the day alone, or the week or four weeks that end with it."""
MOST_DAYS = 14
_STORES_ONLY: Mapping[str, tuple[Unit, ...]] = {
    "sales_per_sqm": ("store", "region", "chain"),
    "share_of_chain": ("store", "region", "platform"),
    "same_store_growth": ("store", "region", "chain"),
    "days_without": ("store", "region", "chain"),
    "repeat_share": ("chain",),
}
"""Units of the metrics that not every unit has."""


def units_of(kind: str, metric: str) -> tuple[Unit, ...]:
    """Return what a rule of ``kind`` may be about; the first is the usual one."""
    if kind in {"range", "silent"}:
        return ("store",)
    if kind in {"files", "unbound"}:
        return ("chain",)
    return _STORES_ONLY.get(metric, cast("tuple[Unit, ...]", UNITS))


@dataclass(frozen=True, slots=True)
class Rule:
    """The sentence of a rule. What a kind does not need is left as it is.

    ``bound`` is in the metric's unit (minor units of the chain's currency, a count, a ratio), for
    ``fell`` and ``rose`` the share by which the value differs from the same weekdays before, for
    ``unbound`` minor units. ``days`` running, each over ``span`` days. ``at`` is the local time by
    which a store's data must be in: that of the day before, or of the same day where ``same_day``.
    Regions, cities, stores and platforms narrow what is looked at; empty lets everything through.
    """

    kind: Kind
    metric: str = "net_sales"
    each: Unit = "store"
    span: int = 1
    days: int = 1
    bound: float = 0.0
    at: str = "10:00"
    same_day: bool = False
    regions: tuple[int, ...] = ()
    cities: tuple[str, ...] = ()
    stores: tuple[int, ...] = ()
    platforms: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Rule":
        """Return the rule that ``spec`` kept, or that a form sent.

        Raises PermanentError ``alerts.bad_<part>`` for what is no sentence.
        """
        try:
            rule = cls(
                kind=given["kind"],
                metric=str(given.get("metric", "net_sales")),
                each=given.get("each", "store"),
                span=int(given.get("span", 1)),
                days=int(given.get("days", 1)),
                bound=float(given.get("bound", 0.0)),
                at=str(given.get("at", "10:00")),
                same_day=bool(given.get("same_day", False)),
                regions=tuple(map(int, given.get("regions", ()))),
                cities=tuple(map(str, given.get("cities", ()))),
                stores=tuple(map(int, given.get("stores", ()))),
                platforms=tuple(map(str, given.get("platforms", ()))),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError("alerts.bad_kind") from error
        rule._check()
        return rule

    def spec(self) -> dict[str, Any]:
        """Return the rule as JSON."""
        return asdict(self)

    @property
    def time(self) -> time:
        """The local time by which data must be in."""
        return time.fromisoformat(self.at)

    def _check(self) -> None:
        usual = 0.0 < self.bound < 10.0 if self.kind in {"fell", "rose"} else self.bound >= 0
        if self.kind == "fell":
            usual = usual and self.bound <= 1.0
        # Each day of it is a long way through all payments.
        costly = self.metric == "repeat_share"
        checks = {
            "kind": self.kind in KINDS,
            "metric": self.metric in METRICS and (self.kind != "range" or _ranged(self)),
            "each": self.kind not in MEASURED or self.each in units_of(self.kind, self.metric),
            "span": self.span in SPANS,
            "change": not costly or self.kind in {"below", "above"},
            "days": 1 <= self.days <= (1 if costly else MOST_DAYS),
            # Growth is the one figure that may be asked to stay above something below zero.
            "bound": usual or self.metric == "same_store_growth",
            "at": _is_time(self.at),
        }
        for part, good in checks.items():
            if not good:
                raise PermanentError(f"alerts.bad_{part}")


def _ranged(rule: Rule) -> bool:
    """Whether there is a forecast to hold the metric against: of a day's net sales."""
    return rule.metric == "net_sales" and rule.span == 1


def _is_time(text: str) -> bool:
    try:
        return time.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Quiet:
    """Local hours in which nothing is sent: from ``start`` to ``end``, over midnight or not."""

    start: time
    end: time

    @classmethod
    def of(cls, start: str | None, end: str | None) -> "Quiet | None":
        """Return the hours that two times name; None where one is missing, or both are the same.

        Raises PermanentError ``alerts.bad_quiet`` for what is no time.
        """
        if not start or not end or start == end:
            return None
        if not (_is_time(start) and _is_time(end)):
            raise PermanentError("alerts.bad_quiet")
        return cls(time.fromisoformat(start), time.fromisoformat(end))

    def until(self, now: datetime, zone: tzinfo) -> datetime:
        """Return the first instant from ``now`` on that is not quiet, in UTC.

        An end that the clock skips (when summer time begins) is the instant at which it skips on.
        """
        local = now.astimezone(zone)
        clock = local.time()
        over_midnight = self.start > self.end
        quiet = (
            clock >= self.start or clock < self.end
            if over_midnight
            else self.start <= clock < self.end
        )
        if not quiet:
            return now
        day = local.date() + timedelta(days=1 if over_midnight and clock >= self.start else 0)
        end = datetime.combine(day, self.end, zone).astimezone(UTC)
        # At the end of summer time an hour comes twice: what was quiet in the first is over then.
        if end <= now:
            end = datetime.combine(day, self.end, zone).replace(fold=1).astimezone(UTC)
        return max(end, now)
