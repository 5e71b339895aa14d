"""The board's way to the queue: jobs are named, and what they do is the workers' affair.

Call it after the transaction that made the batch has ended: a worker that is quick must find it.
A message that is lost costs a minute or so, for the workers look for batches that nobody has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis import RedisError

from chain.errors import TransientError
from chain.jobs import (
    ADVISE_MARKETING,
    DIGESTS,
    EXPORT,
    FORECAST,
    FORECASTS,
    IMPORT_BATCH,
    MAIL_INVITATION,
    MAIL_RESET,
    QUEUE,
    REQUEST_ID,
    SITES,
    UNDO_BATCH,
)
from warehouse.telemetry import request_id

_AWAY = (OperationalError, RedisError, OSError)


@dataclass
class QueuedJobs:
    """The ``Jobs`` of the board, by Celery messages over the broker at ``broker_url``."""

    broker_url: str
    seconds: float = 2.0

    @cached_property
    def _app(self) -> Any:
        app = Celery("tillboard-board", broker=self.broker_url)
        app.conf.update(
            task_ignore_result=True,
            task_default_queue=QUEUE,
            task_serializer="json",
            task_publish_retry=False,
            broker_connection_timeout=self.seconds,
            broker_transport_options={"socket_timeout": self.seconds},
        )
        return app

    def import_batch(self, chain_id: int, batch_id: int) -> None:
        """Start the import of a received batch, or take up one again."""
        self._send(IMPORT_BATCH, chain_id=chain_id, batch_id=batch_id)

    def undo_batch(self, chain_id: int, batch_id: int) -> None:
        """Start to take back everything that a batch brought."""
        self._send(UNDO_BATCH, chain_id=chain_id, batch_id=batch_id)

    def forecast(self, chain_id: int) -> None:
        """Start a forecast of the whole chain; where one is at work it goes on."""
        self._send(FORECAST, chain_id=chain_id)

    def mail_invitation(self, invitation_id: int) -> None:
        """Start to send an invitation by mail."""
        self._send(MAIL_INVITATION, invitation_id=invitation_id)

    def mail_reset(self, user_id: int) -> None:
        """Start to send a person the link to a new password."""
        self._send(MAIL_RESET, user_id=user_id)

    def export(self, chain_id: int, export_id: int) -> None:
        """Start an export that was asked for, or take it up again."""
        self._send(EXPORT, chain_id=chain_id, export_id=export_id)

    def digests(self) -> None:
        """Start to look for digests that wait."""
        self._send(DIGESTS)

    def sites(self, chain_id: int) -> None:
        """Start to work out where to open next."""
        self._send(SITES, chain_id=chain_id)

    def advise_marketing(self, chain_id: int, plan_id: int) -> None:
        """Start to find what marketing brought back, or take it up again."""
        self._send(ADVISE_MARKETING, chain_id=chain_id, plan_id=plan_id)

    def ready(self) -> bool:
        """Return whether the queue answers."""
        try:
            self.waiting()
        except TransientError:
            return False
        return True

    def waiting(self) -> Mapping[str, int]:
        """Return how many jobs wait. Raises TransientError where the queue does not answer."""
        try:
            with self._app.connection_for_read() as connection:
                channel = connection.default_channel
                return {name: int(channel.client.llen(name)) for name in (QUEUE, FORECASTS)}
        except _AWAY as error:
            raise TransientError("runtime.queue_away") from error

    def _send(self, name: str, **arguments: int) -> None:
        try:
            self._app.send_task(name, kwargs=arguments, headers={REQUEST_ID: request_id()})
        except _AWAY as error:
            raise TransientError("runtime.queue_away") from error
