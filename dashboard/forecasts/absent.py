"""Why there is no forecast of what is asked, as it is for this reader."""

from dashboard.forecasts import words
from dashboard.forecasts.asked import Asked, future
from dashboard.frame import Here
from warehouse.reads.forecast_protocol import ForecastSeries


def absent(here: Here, asked: Asked) -> bool:
    """Say whether there is none; then pictures of it have nothing to show either."""
    return future(here).forecast(asked.unit, 1, 1).frame.empty


def why(here: Here, asked: Asked, series: ForecastSeries) -> str:
    """Return the reason in a sentence.

    Of a region or the chain nobody is told that it is hidden who sees all of its stores: of those
    either none can be forecast, or they became a region after the run. Of others it cannot be told
    which it is, for what they do not see is not counted.
    """
    if series.reason:
        return words.note(here, series.reason, series.params)
    if asked.unit.level == "store":
        return here.say("forecast.say.none_store")
    if here.scope.store_ids is not None:
        stores = here.reads.stores()
        key = "none_group" if len(stores[~stores["unassigned"]]) else "none_mine"
        return here.say(f"forecast.say.{key}")
    run = future(here).forecast_run()
    if run is not None and run.stores == 0:
        return here.say("forecast.say.none_refused", count=run.refused)
    return here.say("forecast.say.none_later")
