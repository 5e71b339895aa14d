"""How gunicorn serves the board: our logs, and counters that survive its workers."""

import signal
from typing import Any

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


def on_starting(server: Any) -> None:
    """Take over the logs before anything is said."""
    configure_logs(_settings.log_format, _settings.log_level)
    server.log.error_log.handlers = []
    server.log.error_log.propagate = True


def post_fork(_server: Any, _worker: Any) -> None:
    """Leave Ctrl-C to the one who started us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def child_exit(_server: Any, worker: Any) -> None:
    """Take a worker that ended out of the gauges."""
    forget_process(worker.pid)
