"""Whether the board lives, whether it can work and why not, and what it counts."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, Response, abort, jsonify
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from chain.errors import TillboardError
from chain.words import say
from dashboard.guard import from_inside
from dashboard.jobs import Jobs
from warehouse import migrations
from warehouse.session import Warehouse


@dataclass(frozen=True, slots=True)
class Health:
    """The routes ``/healthz``, ``/healthz/ready`` and ``/metrics``.

    ``measure`` returns the counters of all processes in Prometheus' text format.
    """

    warehouse: Warehouse
    jobs: Jobs
    measure: Callable[[], bytes]
    trusted_proxies: int = 0

    def install(self, server: Flask) -> None:
        """Add the routes to ``server``."""
        server.add_url_rule("/healthz", view_func=self.live, endpoint="live")
        server.add_url_rule("/healthz/ready", view_func=self.ready, endpoint="ready")
        server.add_url_rule("/metrics", view_func=self.metrics, endpoint="metrics")

    def live(self) -> Response:
        """Say that the process answers."""
        return jsonify(status="live")

    def ready(self) -> Response:
        """Say ready, or 503 and the reasons, each with its sentence."""
        reasons = [reason for check in (self._database, self._queue) if (reason := check())]
        answer = jsonify(
            status="ready" if not reasons else "not ready",
            reasons=[{"reason": name, "text": sentence} for name, sentence in reasons],
        )
        answer.status_code = 503 if reasons else 200
        return answer

    def metrics(self) -> Response:
        """Return the counters, to this machine and private networks only."""
        if not from_inside(self.trusted_proxies):
            abort(404)
        return Response(self.measure(), content_type=CONTENT_TYPE_LATEST)

    def _database(self) -> tuple[str, str] | None:
        try:
            with self.warehouse.directory() as connection:
                at, needed = migrations.version(connection), migrations.newest()
        except TillboardError as error:
            return "database", error.say("en")
        except SQLAlchemyError:  # it went away, or the role may not look
            return "database", say("en", "warehouse.unreachable")
        if at is None:
            return "migrations", say("en", "dashboard.health.not_migrated")
        if at != needed:
            return "migrations", say("en", "dashboard.health.old_tables", at=at, head=needed)
        return None

    def _queue(self) -> tuple[str, str] | None:
        return None if self.jobs.ready() else ("queue", say("en", "dashboard.health.queue"))
