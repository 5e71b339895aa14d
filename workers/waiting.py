"""Jobs that wait in the queue: those of one chain are taken out of it."""

import base64
import json
from typing import Any

from celery import Celery

from chain.jobs import FORECASTS, QUEUE


def forget(app: Celery, chain_id: int) -> int:
    """Take the jobs of a chain out of the queues; return how many.

    One that a worker has already is left to it.
    """
    taken = 0
    with app.connection_for_write() as connection:
        client = connection.default_channel.client
        for queue in (QUEUE, FORECASTS):
            for message in client.lrange(queue, 0, -1):
                if arguments(message).get("chain_id") == chain_id:
                    taken += int(client.lrem(queue, 0, message))
    return taken


def arguments(message: bytes) -> dict[str, Any]:
    """Return a job's arguments by name, of the message as Celery's protocol 2 puts it."""
    try:
        body = json.loads(message)["body"]
        _args, named, _embed = json.loads(base64.b64decode(body))
    except (KeyError, TypeError, ValueError):
        return {}
    return named if isinstance(named, dict) else {}
