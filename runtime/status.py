"""``tillboard status``: what runs, where, and what the warehouse holds."""

import json
from typing import Any

import redis
from rich.console import Console
from sqlalchemy import text

from chain.errors import TillboardError
from chain.settings import Settings
from dashboard.queue import QueuedJobs
from runtime.installation import Installation
from runtime.people import chains
from runtime.supervisor import answers
from warehouse.session import Scope, Warehouse


def show(installation: Installation, console: Console, *, as_json: bool) -> bool:
    """Print the state of ``installation``; return whether all of it runs."""
    settings = installation.complete()
    about: dict[str, Any] = {
        "data": str(settings.data),
        "servers": str(installation.where) if installation.embedded else None,
        "board": {"url": settings.board_url, "up": answers(settings)},
        "database": {"embedded": installation.postgres is not None, **_database(settings)},
        "queue": {"embedded": installation.valkey is not None, **_queue(settings)},
    }
    if as_json:
        console.print(json.dumps(about, ensure_ascii=False), markup=False, soft_wrap=True)
    else:
        _lines(about, console)
    return all(about[name]["up"] for name in ("board", "database", "queue"))


def _database(settings: Settings) -> dict[str, Any]:
    warehouse = Warehouse(str(settings.database_url), pool_size=1)
    try:
        with warehouse.directory() as connection:
            version = connection.scalar(text("show server_version"))
            known = chains(connection)
        return {
            "up": True,
            "version": version,
            "chains": [
                {"chain_id": number, "name": name, **_chain(warehouse, number)}
                for number, name in known.items()
            ],
        }
    except TillboardError as error:
        return {"up": False, "why": error.say(settings.language), "chains": []}
    finally:
        warehouse.close()


def _chain(warehouse: Warehouse, chain_id: int) -> dict[str, Any]:
    with warehouse.begin(Scope(chain_id)) as connection:
        states = connection.execute(
            text("select state, count(*) from import_batch where chain_id = :chain group by state"),
            {"chain": chain_id},
        )
        return {"batches": {row.state: row.count for row in states}}


def _queue(settings: Settings) -> dict[str, Any]:
    try:
        jobs = QueuedJobs(str(settings.broker_url))
        return {"up": True, "waiting": sum(jobs.waiting().values())}
    except (TillboardError, redis.RedisError) as error:
        why = error.say(settings.language) if isinstance(error, TillboardError) else str(error)
        return {"up": False, "why": why}


def _lines(about: dict[str, Any], console: Console) -> None:
    for name in ("board", "database", "queue"):
        part = about[name]
        mark = "up" if part["up"] else "down"
        where = part.get("url") or ("embedded" if part["embedded"] else "configured")
        extra = part.get("why") or part.get("version") or ""
        waiting = f"{part['waiting']} waiting" if "waiting" in part else ""
        console.print(f"{name:9} {mark:5} {where} {extra} {waiting}", markup=False, soft_wrap=True)
    for chain in about["database"]["chains"]:
        states = ", ".join(f"{count} {state}" for state, count in chain["batches"].items())
        console.print(f"chain {chain['chain_id']}: {chain['name']}: {states}", markup=False)
    for name in ("data", "servers"):
        if about[name]:
            console.print(f"{name:9} {about[name]}", markup=False, soft_wrap=True)
