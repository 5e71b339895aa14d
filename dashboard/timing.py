"""How long callbacks take, for /metrics."""

import time

from flask import Flask, Response, g, request

from warehouse.telemetry import CALLBACK_SECONDS

CALLBACK_PATH = "/_dash-update-component"


def install(server: Flask) -> None:
    """Time every callback of ``server``."""
    server.before_request(_start)
    server.after_request(_stop)


def _start() -> None:
    g.started = time.perf_counter()


def _stop(response: Response) -> Response:
    if request.path == CALLBACK_PATH and response.status_code in {200, 204}:
        body = request.get_json(silent=True) or {}
        # The first output names the callback well enough, and there are only so many: what Dash
        # has answered with 200 is in its map.
        output = str(body.get("output", "")).strip(".").split("...")[0].split("@")[0]
        CALLBACK_SECONDS.labels(output[:80]).observe(time.perf_counter() - g.started)
    return response
