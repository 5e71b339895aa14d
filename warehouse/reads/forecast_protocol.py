"""What the board may ask about the future; part of ``ReadsProtocol``, whose conventions hold here.

A *unit* is what a forecast is for: ``Unit("store", store_id)``, ``Unit("region", region_id)`` or
``CHAIN``. A region or the chain is forecast for whoever may see every store of it; for others the
answer is empty, never a part that looks like the whole. Forecasts are of net sales, in minor units
of the chain's currency. ``QUANTILES`` are columns ``q0.1`` … ``q0.9``.

All of this is computed by jobs and stored: no question waits for a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

import pandas as pd

from chain.days import Period

QUANTILES = tuple(f"q0.{tenth}" for tenth in range(1, 10))
Level = Literal["store", "region", "chain"]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a forecast is for; ``unit_id`` is a store's or a region's, 0 for the chain."""

    level: Level
    unit_id: int = 0


CHAIN = Unit("chain")


@dataclass(frozen=True, slots=True)
class ForecastRun:
    """A run over all stores of the chain.

    ``kind``: quick (the fast models alone, so that there is something to see), full (the whole
    tournament) or refit (stores whose data changed, by the chain's earlier choice). ``state``:
    waiting, running, closing, done or failed; ``error_key`` and ``error_params`` say why it failed.
    ``progress`` goes from 0 to 1. ``learned_until`` is the last day of history; ``first_day`` to
    ``last_day`` are forecast. ``stores`` have a forecast, ``refused`` do not; ``losing`` of them
    are served by a model that lost to seasonal naive on the window that its choice did not see.
    """

    run_id: int
    kind: str
    state: str
    progress: float
    learned_until: date | None
    first_day: date | None
    last_day: date | None
    made_at: datetime
    done_at: datetime | None
    stores: int
    refused: int
    losing: int
    error_key: str = ""
    error_params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ForecastSeries:
    """The past and the future of one unit.

    ``history``: a row a day up to the last day of data: ``day``, ``value`` (NaN: no data), and
    ``open`` (False: no store of the unit was). ``frame``: a row a day ahead: ``day``, ``mean`` and
    ``QUANTILES`` with overrides, ``base`` (the mean without them), ``overridden``, ``open``.
    ``frame`` is empty where there is no forecast: of a store, ``reason`` and ``params`` then say
    why. ``notes`` are further sentences about it, each (catalogue key, params). ``model`` is the
    one that serves a store, empty for regions and the chain; ``is_new`` marks a store whose
    forecast is the ramp of earlier openings.
    """

    unit: Unit
    history: pd.DataFrame
    frame: pd.DataFrame
    model: str = ""
    is_new: bool = False
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    notes: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the month will end.

    ``to_date`` is what came up to ``last_day``; ``mean``, ``low`` and ``high`` (80 %) are the whole
    month with the forecast of the rest, ``base`` the same mean without overrides. ``target`` and
    ``year_before`` (the same month of last year) are None where there is none. ``days_left`` 0: the
    month is over. ``missing`` counts days of the rest that no forecast reaches.
    """

    unit: Unit
    month: date
    last_day: date
    to_date: int
    mean: int
    low: int
    high: int
    base: int
    days_left: int
    missing: int
    target: int | None
    year_before: int | None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How the models did on the past, by the run that is shown.

    ``models``: a row a model, the served first: ``model`` (``served`` is what stores get),
    ``stores`` (served by it), ``wape`` (of the last window, which the choice has not seen),
    ``wql``, ``coverage`` (of the 80 % interval), ``seconds``; of one store also ``chosen_on`` (its
    WAPE on the windows the choice was made on), and NaN where a figure is of the chain alone.
    Seasonal naive, and Prophet if it played, are always there. ``horizons``: ``first``, ``last``
    (steps ahead), ``coverage``. ``losing``: ``store_id``, ``model``, ``wape``, ``naive_wape``.
    ``past``: what was forecast before each month and what came, a row a month: ``month``,
    ``actual``, ``base``, ``adjusted`` (with overrides), ``wape``, ``adjusted_wape``, ``coverage``.
    """

    models: pd.DataFrame
    horizons: pd.DataFrame
    losing: pd.DataFrame
    past: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Drivers:
    """What moves a unit's sales, as shares: 0.12 is 12 % more than without.

    ``weekday``: ``weekday`` (0 Monday), ``effect``. ``season``: ``day`` (each day ahead),
    ``effect``. ``events``: ``name`` (a covariate), ``effect``, ``days`` (ahead, on which it
    holds). ``trend``: change in a year, None where not known. Empty where nothing is stored.
    """

    weekday: pd.DataFrame
    season: pd.DataFrame
    events: pd.DataFrame
    trend: float | None


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The days of ``period`` as they are forecast and as they would be.

    ``frame``: ``day``, ``mean``, ``changed``, ``low``, ``high`` (80 % of what is changed).
    ``effect``: the share by which a day changes. ``known`` False: the chain has had no such day,
    so that nothing can be said, and ``frame`` repeats the forecast.
    """

    frame: pd.DataFrame
    effect: float
    known: bool


class ForecastReads(Protocol):
    """All reading about the future."""

    def forecast_run(self) -> ForecastRun | None:
        """Return the run that is shown, None before the first one is done."""
        ...

    def forecast_running(self) -> ForecastRun | None:
        """Return the run at work, or the last one if it failed; asked anew each time."""
        ...

    def forecast(self, unit: Unit, ahead: int = 30, history: int = 365) -> ForecastSeries:
        """Return the next ``ahead`` days (at most 90) and the last ``history`` ones."""
        ...

    def forecast_by_store(self, ahead: int = 30) -> pd.DataFrame:
        """One row a store of the shown run, in the order of ``stores()``.

        Columns: ``store_id``, ``model``, ``mean``, ``low``, ``high`` (80 %) and ``base`` (sums over
        the days ahead), ``before`` (as many days before, NaN with none), ``wape``, ``naive_wape``,
        ``prophet_wape``, ``loses``, ``is_new``, ``overridden``, ``reason``, ``params`` (why it has
        no forecast; NaN figures then).
        """
        ...

    def forecast_sum(self, unit: Unit, period: Period) -> tuple[int, int, int] | None:
        """Return mean, low and high (80 %) of a sum of days ahead; None with none of them."""
        ...

    def landing(self, unit: Unit, month: date | None = None) -> Landing | None:
        """Return where the month of the last day with data (or ``month``) will end.

        None where there is neither data nor a forecast.
        """
        ...

    def landings(self) -> pd.DataFrame:
        """One row a store: ``store_id`` and the fields of ``Landing`` (NaN for None)."""
        ...

    def accuracy(self, unit: Unit = CHAIN) -> Accuracy:
        """Return how the models did: over all stores, or on one; a region has none."""
        ...

    def drivers(self, unit: Unit) -> Drivers:
        """Return what moves the sales of a unit."""
        ...

    def what_if(
        self, unit: Unit, period: Period, kind: Literal["promotion", "closure"]
    ) -> WhatIf | None:
        """Return the forecast of ``period`` with a promotion, or closed; None with no forecast."""
        ...

    def overrides(self, unit: Unit | None = None) -> pd.DataFrame:
        """One row an override that touches ``unit`` (None: all that the reader sees), latest first.

        Columns: ``override_id``, ``level``, ``unit_id``, ``starts_on``, ``ends_on``, ``kind``
        (``scale``, ``set``), ``factor`` (1.1 is 10 % more; NaN of a set), ``amount`` (of the whole
        period; NaN of a scale), ``reason``, ``made_by`` (name), ``made_at``, ``revoked_at``,
        ``revoked_by``, ``scored_at``, and once the period is over ``actual``, ``base``,
        ``adjusted`` (sums over its days with data), ``base_wape``, ``adjusted_wape`` and
        ``helped`` (True: the override was nearer than the model).
        """
        ...

    def targets(self, month: date) -> Mapping[int, int]:
        """Return the targets of a month by store; 0 is the chain's own."""
        ...

    def calendar_days(self, period: Period) -> pd.DataFrame:
        """One row a day of the chain's own calendar, by day.

        Columns: ``calendar_id``, ``day``, ``kind`` (``holiday``, ``workday``, ``school``,
        ``event``, ``closed``), ``name``, ``store_id`` (0: all stores).
        """
        ...
