"""What the forecast jobs do, as plain functions: when a run is due, its chunks, its end.

A run goes waiting → running (its chunks are played) → closing → done. Each step reads from the
warehouse where the run is, does one thing and writes it in one transaction. So each may be killed
at any line, be doubled or come late: what is done is not done again, and rows are the same.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Connection, text

import forecasting
from chain.days import Period
from chain.errors import PermanentError, TillboardError, TransientError
from chain.settings import Settings
from forecasting import ramp
from forecasting.models.base import Model
from warehouse import forecast_runs
from warehouse.forecast_results import RunResult, publish
from warehouse.forecast_runs import Run
from warehouse.forecast_scores import score_months, score_overrides
from warehouse.forecast_stored import stored
from warehouse.locks import Lock, free, hold
from warehouse.reads.context import Context, load
from warehouse.reads.history import (
    History,
    calendar_days,
    fingerprints,
    history,
    learned_until,
)
from warehouse.session import Scope, Warehouse
from warehouse.version import bump
from workers import forecast_models, forecast_refit
from workers.forecast_drivers import explained
from workers.forecast_frames import HORIZON, Frames, frames
from workers.forecast_results import result

log = structlog.get_logger(__name__)

SEED = 0
CHUNK_SILENT = timedelta(minutes=20)
"""A chunk that was sent so long ago may have lost its message."""
RUN_SILENT = timedelta(minutes=5)
"""A run that says nothing for so long, outside its chunks, is nobody's."""


@dataclass(frozen=True, slots=True)
class Material:
    """What a run works on: the past of its stores, and the frames made of it."""

    past: History
    frames: Frames


@dataclass(frozen=True, slots=True)
class Forecasts:
    """The forecasts of all chains."""

    warehouse: Warehouse
    settings: Settings

    def start(self, chain_id: int, kind: str = "full", request_id: str = "") -> int:
        """Begin a run, unless one is at work; return the one that is."""
        with self.warehouse.begin(Scope(chain_id)) as connection:
            return forecast_runs.start(connection, chain_id, kind, request_id=request_id).run_id

    def advance(self, chain_id: int, run_id: int) -> Sequence[int]:
        """Do the next step of a run; return the chunks that are to be played now.

        Raises TransientError where another process is at it. What a person must mend ends the run,
        and so does what nobody foresaw, which is then raised.
        """
        scope = Scope(chain_id)
        with self.warehouse.hold(scope) as connection:
            with connection.begin():
                hold(connection, Lock.FORECAST, run_id)
                run = forecast_runs.get(connection, chain_id, run_id)
            try:
                if run.state == "waiting":
                    with connection.begin():
                        self._cut(connection, chain_id, run)
                        run = forecast_runs.get(connection, chain_id, run_id)
                if run.state == "closing":
                    self._close(connection, chain_id, run)
            except TransientError:
                raise
            except Exception as error:
                self._failed(scope, run_id, error)
                if not isinstance(error, PermanentError):
                    raise
                return []
            with connection.begin():
                return (
                    forecast_runs.chunks_to_do(connection, chain_id, run_id, CHUNK_SILENT)
                    if run.state == "running"
                    else []
                )

    def _failed(self, scope: Scope, run_id: int, error: Exception) -> None:
        known = error if isinstance(error, TillboardError) else None
        said = known or PermanentError("forecasting.failed", kind=type(error).__name__)
        with self.warehouse.begin(scope) as connection:
            forecast_runs.fail(connection, scope.chain_id, run_id, said)

    def _cut(self, connection: Connection, chain_id: int, run: Run) -> None:
        context = load(connection)
        until = learned_until(context)
        if run.kind == "refit":
            until = forecast_runs.get(connection, chain_id, run.spec["base"]).learned_until
        if until is None:
            raise PermanentError("forecasting.no_history")
        chunks: list[list[int]] = []
        if run.kind == "full" and forecast_models.alone():
            stores = list(connection.scalars(_STORES, {"until": until}))
            # Dealt out like cards, in order of age: each chunk has old stores and young ones.
            count = -(-len(stores) // self.settings.forecast_chunk_stores)
            chunks = [stores[number::count] for number in range(count)]
        forecast_runs.cut(
            connection,
            chain_id,
            run.run_id,
            learned_until=until,
            last_day=until + timedelta(days=HORIZON),
            chunks=chunks,
        )

    def play(self, chain_id: int, run_id: int, chunk: int) -> bool:
        """Play a chunk, unless it is played; return whether the run is now to be closed.

        A chunk that cannot be played is written as empty: its stores are then served by the models
        that learn from all stores, rather than the whole chain by none. Raises TransientError where
        another process has the chunk.
        """
        scope = Scope(chain_id)
        with self.warehouse.hold(scope) as connection:
            with connection.begin():
                hold(connection, Lock.FORECAST_CHUNK, run_id * 4096 + chunk)
                stores = forecast_runs.chunk_stores(connection, chain_id, run_id, chunk)
                if not stores:
                    return False
                run = forecast_runs.get(connection, chain_id, run_id)
                material = read(load(connection), _until(run), stores)
            played = b""
            try:
                if material is not None:
                    played = forecast_models.play(
                        material.frames.history,
                        material.frames.future,
                        forecast_models.alone(),
                        seed=SEED,
                    )
            except TransientError:
                raise
            except Exception:
                log.exception("forecast_chunk_failed", chunk=chunk)
            with connection.begin():
                return forecast_runs.chunk_done(connection, chain_id, run_id, chunk, played)

    def _close(self, connection: Connection, chain_id: int, run: Run) -> None:
        with connection.begin():
            context = load(connection)
            material = read(context, _until(run))
            prints = fingerprints(connection, _until(run))
            chunks = forecast_runs.played(connection, chain_id, run.run_id)
        if material is None:
            raise PermanentError("forecasting.no_history")
        if run.kind == "refit":
            with connection.begin():
                base = stored(connection, chain_id, run.spec["base"])
            found = forecast_refit.refitted(base, run, material.frames, prints, SEED)
        else:
            found = _found(run, material, chunks, prints)
        with connection.begin():
            publish(connection, chain_id, run.run_id, found)

    def plan(self, now: datetime, take_up: Callable[[int, int], None]) -> int:
        """Begin runs that are due and take up those that stand still; return how many.

        ``take_up(chain_id, run_id)`` puts the next step of a run into the queue.
        """
        taken = 0
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                run = self._due(connection, chain_id, now)
            if run is not None:
                take_up(chain_id, run.run_id)
                taken += 1
        return taken

    def _due(self, connection: Connection, chain_id: int, now: datetime) -> Run | None:
        at_work = forecast_runs.at_work(connection, chain_id)
        if at_work is not None:
            silent = forecast_runs.stuck(connection, chain_id, RUN_SILENT)
            return silent if silent and free(connection, Lock.FORECAST, silent.run_id) else None
        state = connection.execute(
            _STATE, {"chain": chain_id, "now": now, "hour": self.settings.forecast_hour}
        ).one_or_none()
        if state is None or state.importing or not state.days:
            return None
        shown = forecast_runs.shown(connection, chain_id)
        if shown is None:
            enough = state.days >= FEWEST_DAYS and not state.tried
            return forecast_runs.start(connection, chain_id, "quick") if enough else None
        moved = state.version != shown.spec.get("version")
        if not state.tried and (shown.kind == "quick" or (moved and state.night)):
            return forecast_runs.start(connection, chain_id, "full")
        seen = state.version == shown.spec.get("checked")
        if not moved or seen or shown.kind == "quick":
            return None
        return self._changed(connection, chain_id, shown, state.version)

    def _changed(
        self, connection: Connection, chain_id: int, shown: Run, version: int
    ) -> Run | None:
        """Begin the refit of stores whose figures changed; all of them, where many did."""
        changed = forecast_refit.changed(connection, chain_id, shown)
        forecast_runs.note(connection, chain_id, shown.run_id, {"checked": version})
        if not changed.stores:
            return None
        kind = "refit" if changed.share <= forecast_refit.MOST else "full"
        spec = {"stores": list(changed.stores), "base": shown.run_id} if kind == "refit" else {}
        return forecast_runs.start(connection, chain_id, kind, spec=spec)

    def score(self, now: datetime) -> int:
        """Hold past forecasts and overrides against what came; return how many were scored."""
        scored = 0
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                until = learned_until(load(connection, now))
                if until is not None:
                    found = [
                        *score_months(connection, chain_id, until),
                        *score_overrides(connection, chain_id, until),
                    ]
                    scored += len(found)
                    if found:
                        bump(connection, chain_id)
        return scored

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()


FEWEST_DAYS = 28
"""So many days with data a chain must have before its first forecast."""


def read(context: Context, until: date, stores: Sequence[int] = ()) -> Material | None:
    """Return what a run works on; None where these stores have no past."""
    past = history(context, until, stores)
    if past is None:
        return None
    period = Period(past.first, until + timedelta(days=HORIZON))
    own = calendar_days(context, period)
    made = frames(past, context.chain.country, own)
    return Material(past, made) if len(made.history) else None


def _until(run: Run) -> date:
    if run.learned_until is None:
        raise PermanentError("warehouse.forecast_missing", run=run.run_id)
    return run.learned_until


def _found(
    run: Run, material: Material, chunks: Iterable[bytes], prints: dict[int, int]
) -> RunResult:
    answers = forecast_models.answers(chunks)
    models: list[Model] = (
        forecast_models.quick()
        if run.kind == "quick"
        else answers.models_in(forecasting.entrants())
    )
    outcome = forecasting.tournament(
        material.frames.history, material.frames.future, models=models, seed=SEED
    )
    past = material.past
    if run.kind == "full":
        old = outcome.forecast.loc[outcome.forecast["model"] != ramp.NAME, "store"].unique()
        unheard = answers.unheard(old.tolist())
        outcome = replace(outcome, notes=(*outcome.notes, *unheard))
    return result(
        outcome,
        material.frames.future,
        first_day=_until(run) + timedelta(days=1),
        regions=dict(zip(past.store_ids.tolist(), past.regions.tolist(), strict=True)),
        fingerprints=prints,
        silent=material.frames.silent,
        seconds=answers.seconds,
        explained=explained(material.frames.history, material.frames.future),
    )


_STORES = text(
    """
    select store_id from store_day_total t join store s using (chain_id, store_id)
    where not s.unassigned and business_date <= :until
      and (s.closed_on is null or s.closed_on > :until)
    group by store_id order by min(business_date), store_id
    """
)
_STATE = text(
    """
    select
        exists (
            select from import_batch
            where chain_id = :chain and state in ('received', 'reading', 'merging')
              and updated_at > now() - interval '15 minutes'
        ) or coalesce((
            select max((options ->> 'nth')::int)
                filter (where state not in ('received', 'reading', 'merging'))
                < max((options ->> 'of')::int)
            from import_batch
            where chain_id = :chain and options ? 'of'
              and updated_at > now() - interval '15 minutes'
        ), false) as importing,
        (select max(business_date) - min(business_date) + 1 from store_day_total
         where chain_id = :chain) as days,
        (select version from chain_version
         where chain_id = :chain and part = 'figures') as version,
        local_now::time >= make_time(:hour, 0, 0)
            and not exists (
                select from forecast_run
                where chain_id = :chain and kind = 'full' and state = 'done'
                  and made_at at time zone c.time_zone
                      >= local_now::date + make_time(:hour, 0, 0)) as night,
        exists (
            select from forecast_run
            where chain_id = :chain and state = 'failed'
              and updated_at > now() - interval '6 hours') as tried
    from chain c
    cross join lateral (
        select cast(:now as timestamptz) at time zone c.time_zone as local_now) clock
    where c.chain_id = :chain
    """
)
