"""How gunicorn serves the board: our logs, and counters that survive its workers."""

import signal
from typing import Any

from gunicorn.glogging import Logger

from chain.settings import get_settings
from warehouse.telemetry import configure_logs, forget_process

_settings = get_settings()

worker_class = "gthread"
timeout = 120
graceful_timeout = 8
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
preload_app = False
control_socket_disable = True
accesslog = None  # requests are counted, failures logged; the addresses of readers are not kept
forwarded_allow_ips = "*" if _settings.trusted_proxies else "127.0.0.1"
proc_name = "tillboard"


class logger_class(Logger):  # type: ignore[misc]  # noqa: N801 - gunicorn's name for it
    """Gunicorn's own lines in the form of all others, from the first one on."""

    def setup(self, cfg: Any) -> None:
        """Take over the logs before anything is said."""
        super().setup(cfg)
        configure_logs(_settings.log_format, _settings.log_level)
        self.error_log.handlers = []
        self.error_log.propagate = True


def post_fork(_server: Any, _worker: Any) -> None:
    """Leave Ctrl-C to the one who started us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that ended out of the gauges."""
    forget_process(worker.pid)
