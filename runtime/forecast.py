"""``tillboard forecast``: a run of the whole chain in this process, with a bar."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from chain.errors import PermanentError
from chain.settings import Settings
from chain.words import say
from runtime.people import the_chain
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from workers.forecasts import Forecasts


def forecast(
    warehouse: Warehouse, settings: Settings, chain: int | None, console: Console, *, quick: bool
) -> None:
    """Forecast a chain, or go on with the run at work, and print what came of it.

    Raises PermanentError where it failed, TransientError where a worker is at the same step.
    """
    chain_id = the_chain(warehouse, chain)
    forecasts = Forecasts(warehouse, settings)
    reads = Reads(warehouse, Scope(chain_id))
    run_id = forecasts.start(chain_id, "quick" if quick else "full")
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(say(settings.language, "runtime.forecasting"), total=1.0)
        last = False
        for chunk in forecasts.advance(chain_id, run_id):
            last = forecasts.play(chain_id, run_id, chunk) or last
            run = reads.forecast_running()
            progress.update(bar, completed=run.progress if run else 1.0)
        if last:
            forecasts.advance(chain_id, run_id)
    failed = reads.forecast_running()
    if failed is not None and failed.state == "failed":
        raise PermanentError(failed.error_key, **failed.error_params)
    run = reads.forecast_run()
    if run is None or failed is not None:
        console.print(say(settings.language, "runtime.forecast_elsewhere"), markup=False)
        return
    said = say(
        settings.language,
        "runtime.forecast_done",
        stores=run.stores,
        first=str(run.first_day),
        last=str(run.last_day),
        refused=run.refused,
    )
    console.print(said, markup=False, soft_wrap=True)
