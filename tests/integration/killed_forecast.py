"""Does a forecast's jobs and dies over them: ordered by ``test_forecast_kill``.

An order has ``url``, ``chain`` and ``run``.
"""

import forecasting
from forecasting.models.seasonal_naive import SeasonalNaive
from tests.futures import LastWeek, finish, settings
from tests.integration.killing import Order, obey
from warehouse.session import Warehouse
from workers.forecasts import Forecasts


def follow(order: Order) -> None:
    """Do all of the run's jobs."""
    forecasting.entrants = lambda: (SeasonalNaive(), LastWeek())
    finish(Forecasts(Warehouse(order["url"]), settings()), order["chain"], order["run"])


if __name__ == "__main__":
    obey(follow)
