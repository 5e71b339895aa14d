"""What may be asked: the query of each address, read strictly; the reader is told what is wrong.

A query without a period asks for the last 7 complete days. ``comparison`` follows the board: the
whole weeks before, unless it is named. What each parameter means is ``api.parameter.<name>``.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, WithJsonSchema
from werkzeug.datastructures import MultiDict

from chain.days import Period
from chain.errors import PermanentError
from chain.metrics import METRICS
from chain.terms import Ownership
from dashboard.choice import FISCAL, PERIODS, Choice
from warehouse.reads.protocol import ChainInfo, Filters, Grain, PaymentPlace

MOST_DAYS = 3660
"""Ten years: what is longer is a slip of the hand, and dear to answer."""
EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
MOST_VALUES = 1000
MOST_PAGE = 5000


class BadParameterError(PermanentError):
    """One parameter that is not right; ``name`` is what the address calls it."""

    def __init__(self, name: str, key: str = "api.bad_parameter", **params: str | int) -> None:
        super().__init__(key, **{"name": name, **params})
        self.name = name


def _among(names: Sequence[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(value)
        return value

    return check


_PERIODS = [*PERIODS, *FISCAL]
_ANY = list(METRICS)
_RANKED = [name for name, metric in METRICS.items() if metric.ranks]
_PLAIN = [name for name, metric in METRICS.items() if metric.read is None]
AnyMetric = Annotated[
    str, AfterValidator(_among(_ANY)), WithJsonSchema({"type": "string", "enum": _ANY})
]
RankedMetric = Annotated[
    str, AfterValidator(_among(_RANKED)), WithJsonSchema({"type": "string", "enum": _RANKED})
]
PlainMetric = Annotated[
    str, AfterValidator(_among(_PLAIN)), WithJsonSchema({"type": "string", "enum": _PLAIN})
]
"""An expression over sums, so that each day, platform and channel has its own."""
NamedPeriod = Annotated[
    str,
    AfterValidator(_among(_PERIODS)),
    WithJsonSchema({"type": "string", "enum": _PERIODS}),
]
Day = Annotated[date, Field(ge=EARLIEST, le=LATEST)]
Numbers = Annotated[list[Annotated[int, Field(ge=1)]], Field(max_length=MOST_VALUES)]
Texts = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=MOST_VALUES)]


class Asked(BaseModel):
    """What every query shares: nothing that is not known is let through."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class Nothing(Asked):
    """No parameter."""


class Filtered(Asked):
    """A period and what narrows it."""

    period: NamedPeriod | None = None
    start: Annotated[Day | None, Field(alias="from")] = None
    end: Annotated[Day | None, Field(alias="to")] = None
    region: Numbers = []
    city: Texts = []
    ownership: Annotated[list[Ownership], Field(max_length=2)] = []
    store: Numbers = []
    platform: Texts = []
    channel: Texts = []

    def days(self, chain: ChainInfo) -> Period:
        """Return the business dates. Raises BadParameterError for half a period, or too long."""
        if self.start is None and self.end is None:
            return Choice(self.period or Choice().period).days(chain)
        if self.period is not None:
            raise BadParameterError("period", "api.two_periods")
        return span(self.start, self.end, "from", "to")

    def filters(self, chain: ChainInfo) -> Filters:
        """Return what the reads are asked for."""
        return Filters(
            self.days(chain),
            regions=tuple(self.region),
            cities=tuple(self.city),
            ownership=tuple(self.ownership),
            stores=tuple(self.store),
            platforms=tuple(self.platform),
            channels=tuple(self.channel),
        )


class Compared(Filtered):
    """A period, what it is compared with, and a metric."""

    metric: AnyMetric = "net_sales"
    compare_start: Annotated[Day | None, Field(alias="compare_from")] = None
    compare_end: Annotated[Day | None, Field(alias="compare_to")] = None

    def filters(self, chain: ChainInfo) -> Filters:
        """Return what the reads are asked for, with metric and comparison."""
        given = Filtered.filters(self, chain)
        before = None
        if self.compare_start is not None or self.compare_end is not None:
            before = span(self.compare_start, self.compare_end, "compare_from", "compare_to")
        return replace(given, comparison=before, metric=self.metric)


class Ranked(Compared):
    """As above, of a metric that puts stores in order."""

    metric: RankedMetric = "net_sales"


class ByPart(Compared):
    """As above, of a metric that each part has for itself."""

    metric: PlainMetric = "net_sales"


class Series(ByPart):
    """As above, in days, weeks or months."""

    grain: Grain | None = None


class PaymentsAsked(Filtered):
    """A period of payments, page by page."""

    limit: Annotated[int, Field(ge=1, le=MOST_PAGE)] = 500
    cursor: Annotated[str | None, Field(max_length=300)] = None

    def after(self) -> PaymentPlace | None:
        """Return where the last page stopped."""
        found = _opened(self.cursor, 3)
        if found is None:
            return None
        try:
            day, at = date.fromisoformat(found[0]), datetime.fromisoformat(found[1])
            key = str(UUID(str(found[2])))
        except (TypeError, ValueError) as error:
            raise BadParameterError("cursor", "api.bad_cursor") from error
        if at.tzinfo is None or not EARLIEST <= day <= LATEST:
            raise BadParameterError("cursor", "api.bad_cursor")
        return PaymentPlace(day, at, key)


class ForecastAsked(Asked):
    """Whose forecast, and how far."""

    level: Literal["chain", "region", "store"] = "chain"
    id: Annotated[int, Field(ge=0)] = 0
    ahead: Annotated[int, Field(ge=1, le=90)] = 30


class ImportsAsked(Asked):
    """Imports, page by page."""

    state: (
        Literal["received", "reading", "merging", "done", "failed", "quarantined", "undone"] | None
    ) = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[str | None, Field(max_length=300)] = None

    def before(self) -> int | None:
        """Return the number at which the last page stopped."""
        found = _opened(self.cursor, 1)
        if found and not isinstance(found[0], int):
            raise BadParameterError("cursor", "api.bad_cursor")
        return found[0] if found else None


def span(start: date | None, end: date | None, first: str, last: str) -> Period:
    """Return the period of two dates. Raises BadParameterError naming the one that is not right."""
    for name, day in ((first, start), (last, end)):
        if day is None:
            raise BadParameterError(name, "api.half_period", other=last if name == first else first)
    assert start is not None
    assert end is not None
    if end < start:
        raise BadParameterError(last, "api.backwards", other=first)
    if (end - start).days >= MOST_DAYS:
        raise BadParameterError(last, "api.too_long", days=MOST_DAYS)
    return Period(start, end)


def read(kind: type[Asked], query: "MultiDict[str, str]") -> Asked:
    """Return the query as ``kind``. Raises BadParameterError for the first thing that is wrong."""
    fields = {field.alias or name: field for name, field in kind.model_fields.items()}
    given: dict[str, Any] = {}
    for name, values in query.lists():
        if name not in fields:
            raise BadParameterError(name[:60], "api.unknown_parameter")
        many = fields[name].get_default(call_default_factory=False) == []
        if not many and len(values) > 1:
            raise BadParameterError(name, "api.twice")
        given[name] = values if many else values[0]
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise BadParameterError(str(error.errors()[0]["loc"][0])) from error


def cursor(*parts: object) -> str:
    """Return a place in a list as a word that stands in an address."""
    text = json.dumps([part if isinstance(part, int) else str(part) for part in parts])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _opened(word: str | None, parts: int) -> list[Any] | None:
    if word is None:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(word + "=" * (-len(word) % 4)))
    except ValueError as error:
        raise BadParameterError("cursor", "api.bad_cursor") from error
    if not isinstance(found, list) or len(found) != parts:
        raise BadParameterError("cursor", "api.bad_cursor")
    return found
