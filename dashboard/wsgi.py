"""The board as gunicorn starts it: ``gunicorn dashboard.wsgi:app``. The one place that wires it."""

import structlog
from flask import Flask

from chain.errors import PermanentError, TransientError
from chain.settings import get_settings
from dashboard.app import create_app
from dashboard.pages import PAGES
from dashboard.queue import QueuedJobs
from warehouse.cache import FigureCache
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse
from warehouse.telemetry import configure_logs

log = structlog.get_logger(__name__)


def build() -> Flask:
    """Return the server by the settings of the environment.

    Raises PermanentError naming what is not set.
    """
    settings = get_settings()
    configure_logs(settings.log_format, settings.log_level)
    for name in ("database_url", "broker_url", "secret_key"):
        if getattr(settings, name) is None:
            raise PermanentError("runtime.not_configured", name=f"TILLBOARD_{name.upper()}")
    warehouse = Warehouse(str(settings.database_url), pool_size=settings.database_pool_size)
    try:
        warehouse.check()
    except TransientError as error:  # the board lives, and /healthz/ready says what it waits for
        log.warning("not_ready", reason=error.key)

    cache = FigureCache(
        str(settings.cache_url or settings.broker_url), str(settings.secret_key).encode()
    )

    def reads_for(scope: Scope) -> Reads:
        return Reads(warehouse, scope, cache)

    board = create_app(
        settings,
        warehouse,
        QueuedJobs(str(settings.broker_url)),
        reads_for,
        page_makers=PAGES,
        secret_key=str(settings.secret_key),
        cache=cache,
    )
    server: Flask = board.server
    return server


app = build()
