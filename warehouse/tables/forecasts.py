"""What will come: runs, forecasts, scores, overrides, targets, and the calendar of the chain."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Float,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from warehouse.tables.base import Base, Blank, ChainId, Currency, Id, Minor, Now, Ref, Str, Tenant

RUN_KINDS = ("quick", "full", "refit")
RUN_STATES = ("waiting", "running", "closing", "done", "failed")
LEVELS = ("store", "region", "chain")
CALENDAR_KINDS = ("holiday", "workday", "school", "event", "closed")

_JSON = text("'{}'")


class ForecastRun(Base):
    """One run over all stores; the one done last is shown.

    ``learned_until`` is the last day of history. ``spec`` says how it was made: seed, models,
    sizes, and ``correlation`` of the misses of one unit's days (for the range of a sum).
    """

    __tablename__ = "forecast_run"
    __table_args__ = (
        CheckConstraint(f"kind in {RUN_KINDS!r}", name="kind"),
        CheckConstraint(f"state in {RUN_STATES!r}", name="state"),
        # One run of a chain at a time: a second start finds the first.
        Index(
            "forecast_run_at_work_idx",
            "chain_id",
            unique=True,
            postgresql_where=text("state in ('waiting', 'running', 'closing')"),
        ),
    )
    chain_id: Mapped[ChainId]
    run_id: Mapped[Id]
    kind: Mapped[Str] = mapped_column(server_default=text("'full'"))
    state: Mapped[Str] = mapped_column(server_default=text("'waiting'"))
    learned_until: Mapped[date | None]
    first_day: Mapped[date | None]
    last_day: Mapped[date | None]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    error_key: Mapped[Blank]
    error_params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    request_id: Mapped[Blank]
    made_at: Mapped[Now]
    updated_at: Mapped[Now]
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ForecastChunk(Base):
    """Some stores of a run, played by the models that work store by store.

    ``played`` is what they forecast for each window of the backtest and ahead, packed; it is
    written once, by whoever is first, and goes when the run is done.
    """

    __tablename__ = "forecast_chunk"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "run_id", "chunk"),)
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    chunk: Mapped[int] = mapped_column(Integer)
    store_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    played: Mapped[bytes | None] = mapped_column(LargeBinary)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Forecast(Base):
    """Mean and quantiles 0.1 to 0.9 of net sales for one store and day, without overrides."""

    __tablename__ = "forecast"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "run_id", "store_id", "day"),)
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    store_id: Mapped[Ref]
    day: Mapped[date]
    mean: Mapped[Minor]
    quantiles: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    open: Mapped[bool] = mapped_column(server_default=text("true"))


class ForecastAdjusted(Base):
    """The same with the overrides that touch that store and day; only where there is one."""

    __tablename__ = "forecast_adjusted"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "run_id", "store_id", "day"),)
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    store_id: Mapped[Ref]
    day: Mapped[date]
    mean: Mapped[Minor]
    quantiles: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ForecastGroup(Base):
    """A region's or the chain's forecast: arrays by day from the run's first one.

    ``mean`` is exactly the sum over ``store_ids``; ``quantiles`` has nine for each day, day by day.
    A row is seen by whoever may see all of ``store_ids``.
    """

    __tablename__ = "forecast_group"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "run_id", "level", "unit_id"),
        CheckConstraint("level in ('region', 'chain')", name="level"),
    )
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    level: Mapped[Str]
    unit_id: Mapped[Ref]
    store_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    mean: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    quantiles: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ForecastStore(Base):
    """What a run says of one store: the model that serves it, or ``reason`` why none does.

    ``fingerprint`` is of the figures that the run learned from. ``wape`` is of the window that the
    choice has not seen, beside seasonal naive's and Prophet's. ``drivers`` are the shares by which
    weekday, season and events move its sales.
    """

    __tablename__ = "forecast_store"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "run_id", "store_id"),)
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    store_id: Mapped[Ref]
    model: Mapped[Blank]
    is_new: Mapped[bool] = mapped_column(server_default=text("false"))
    reason: Mapped[Blank]
    params: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)
    notes: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    fingerprint: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    wape: Mapped[float | None] = mapped_column(Float)
    naive_wape: Mapped[float | None] = mapped_column(Float)
    prophet_wape: Mapped[float | None] = mapped_column(Float)
    loses: Mapped[bool] = mapped_column(server_default=text("false"))
    drivers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=_JSON)


class ForecastScore(Base):
    """How a model did on the past; ``store_id`` 0 is the chain as a whole.

    ``last_step`` 0 is over all steps ahead, else it is of ``first_step`` to ``last_step``.
    """

    __tablename__ = "forecast_score"
    __table_args__ = (
        PrimaryKeyConstraint("chain_id", "run_id", "store_id", "model", "metric", "last_step"),
    )
    chain_id: Mapped[Tenant]
    run_id: Mapped[Ref]
    store_id: Mapped[Ref]
    model: Mapped[Str]
    metric: Mapped[Str]
    first_step: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    last_step: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    score: Mapped[float] = mapped_column(Float)


class _Outcome:
    """Sums over the days with data: what came, what was forecast, and by how much it missed."""

    days: Mapped[int] = mapped_column(Integer)
    actual: Mapped[Minor]
    base: Mapped[Minor]
    adjusted: Mapped[Minor]
    base_error: Mapped[Minor]
    adjusted_error: Mapped[Minor]


class ForecastMonth(_Outcome, Base):
    """How the last forecast made before a month did in it; ``inside``: days within the 80 %."""

    __tablename__ = "forecast_month"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "month", "store_id"),)
    chain_id: Mapped[Tenant]
    month: Mapped[date]
    store_id: Mapped[Ref]
    run_id: Mapped[Ref]
    inside: Mapped[int] = mapped_column(Integer)


class ForecastOverride(Base):
    """A person's correction of a forecast; never changed, only revoked.

    ``factor`` scales each day (kind ``scale``), ``amount`` is what the whole period shall come to
    (kind ``set``). ``run_id`` is the forecast that it corrected, against which it is scored.
    """

    __tablename__ = "forecast_override"
    __table_args__ = (
        CheckConstraint(f"level in {LEVELS!r}", name="level"),
        CheckConstraint("(factor is null) <> (amount is null)", name="change"),
        CheckConstraint("starts_on <= ends_on", name="period"),
    )
    chain_id: Mapped[ChainId]
    override_id: Mapped[Id]
    run_id: Mapped[Ref]
    level: Mapped[Str]
    unit_id: Mapped[Ref]
    store_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    factor: Mapped[float | None] = mapped_column(Float)
    amount: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[Str]
    made_by: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[Now]
    revoked_by: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    scored_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ForecastOverrideScore(_Outcome, Base):
    """How an override did at one store, once its period is over."""

    __tablename__ = "forecast_override_score"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "override_id", "store_id"),)
    chain_id: Mapped[Tenant]
    override_id: Mapped[Ref]
    store_id: Mapped[Ref]


class Target(Base):
    """What a store is to take in a month, net; ``store_id`` 0 is the chain as a whole."""

    __tablename__ = "target"
    __table_args__ = (PrimaryKeyConstraint("chain_id", "month", "store_id"),)
    chain_id: Mapped[Tenant]
    month: Mapped[date]
    store_id: Mapped[Ref]
    amount: Mapped[Minor]
    currency: Mapped[Currency]
    set_by: Mapped[int | None] = mapped_column(BigInteger)
    set_at: Mapped[Now]


class DayNote(Base):
    """What somebody wants remembered of some days ("road works"); ``store_id`` 0: all stores."""

    __tablename__ = "day_note"
    __table_args__ = (
        CheckConstraint("starts_on <= ends_on", name="period"),
        Index("day_note_days_idx", "chain_id", "starts_on", "ends_on"),
    )
    chain_id: Mapped[ChainId]
    note_id: Mapped[Id]
    store_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    note: Mapped[Str]
    made_by: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[Now]
    changed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CalendarDay(Base):
    """A day that the chain knows better than the official calendar; ``store_id`` 0: all stores."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        UniqueConstraint("chain_id", "day", "kind", "store_id", "name"),
        CheckConstraint(f"kind in {CALENDAR_KINDS!r}", name="kind"),
    )
    chain_id: Mapped[ChainId]
    calendar_id: Mapped[Id]
    day: Mapped[date]
    kind: Mapped[Str]
    name: Mapped[Str]
    store_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
