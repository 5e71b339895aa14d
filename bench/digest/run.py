"""Make the chain and its people, have two processes send the morning's digests, print one line."""

import argparse
import json
import multiprocessing
import os
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from bench.board.data import Size, fill
from chain.schedule import Schedule
from chain.settings import Settings
from runtime.installation import Installation
from warehouse import migrations, subscriptions
from warehouse.chains import NewChain, create_chain
from warehouse.session import Scope, Warehouse
from warehouse.subscriptions import Wanted
from workers.digests import LANES, Digests

PROCESSES = 2
WHOLE, REGIONS = 30, 6
"""People of 500 who see the whole chain, and regional managers; the others have one store each."""


class Postbox:
    """Takes every mail, and counts mails and bytes."""

    def __init__(self) -> None:
        self.receivers: Counter[str] = Counter()
        self.bytes = 0
        self.last = 0.0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Keep nothing of it but its size."""
        self.receivers.update(envelope.rcpt_tos)
        self.bytes += len(envelope.content or b"")
        self.last = time.perf_counter()
        return "250 kept"


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``python -m bench digest --help``."""
    parser = argparse.ArgumentParser(prog="python -m bench digest", description=__doc__)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--days", type=int, default=1096)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--rhythm", choices=("daily", "weekly", "monthly"), default="daily")
    parser.add_argument("--data", help="directory that keeps the chain for the next run")
    options = parser.parse_args(arguments)
    data = Path(options.data) if options.data else Path(tempfile.mkdtemp(prefix="tillboard-bench-"))
    installation = Installation(Settings(data=data, demo=False, log_level="ERROR"))
    installation.start()
    try:
        result = _measure(installation, options)
    finally:
        installation.stop()
        if not options.data:
            shutil.rmtree(data, ignore_errors=True)
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _measure(installation: Installation, options: argparse.Namespace) -> dict[str, Any]:
    settings = installation.complete()
    migrations.upgrade(str(settings.admin_database_url))
    warehouse = Warehouse(str(settings.database_url))
    size = Size(options.stores, options.days)
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    mailing = settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
            "mail_from": "board@example.com",
        }
    )
    try:
        chain = _chain(installation, warehouse, size)
        _people(warehouse, chain, options)
        sent = _send(mailing, warehouse, chain, box)
    finally:
        controller.stop()
        warehouse.close()
    return {
        "bench": "digest",
        "stores": size.stores,
        "days": size.days,
        "people": options.people,
        "rhythm": options.rhythm,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **sent,
        "target_seconds": 60,
    }


def _chain(installation: Installation, warehouse: Warehouse, size: Size) -> int:
    postgres = installation.postgres
    if postgres is None:
        raise SystemExit("bench digest makes its rows as superuser: unset TILLBOARD_DATABASE_URL")
    kept = installation.settings.data / "bench-digest.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if known["size"] == [size.stores, size.days, str(size.last())]:
            return int(known["chain"])
        raise SystemExit(f"{kept.parent} holds a chain of another size or day: give a new --data")
    chain = create_chain(warehouse, NewChain("Bench"))
    url = postgres.url("superuser")
    seconds = fill(url, chain, size)
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in _FORECAST:
            connection.execute(statement, {"chain": chain, "last": size.last()})
    print(f"the chain is there ({seconds:.0f} s)", file=sys.stderr)
    known = {"size": [size.stores, size.days, str(size.last())], "chain": chain}
    kept.write_text(json.dumps(known))
    return chain


def _people(warehouse: Warehouse, chain: int, options: argparse.Namespace) -> None:
    """Subscribe everybody anew: some see all, some a region, most one store; half read Chinese."""
    scope = Scope(chain)
    with warehouse.begin(scope) as connection:
        for table in ("delivery", "subscription"):
            connection.exec_driver_sql(f"delete from {table}")
        stores = connection.exec_driver_sql(
            "select store_id from store where not unassigned order by store_id"
        ).scalars().all()  # fmt: skip
        regions = connection.exec_driver_sql("select region_id from region").scalars().all()
    with warehouse.directory() as connection:
        for table in ("unsubscribe", "membership", "app_user"):
            connection.exec_driver_sql(f"delete from directory.{table}")
        for number in range(options.people):
            place = _place(number, list(regions), list(stores))
            connection.exec_driver_sql(
                "insert into directory.app_user (user_id, email, password_hash)"
                " overriding system value values (%s, %s, '')",
                (number + 1, f"p{number}@example.com"),
            )
            connection.exec_driver_sql(
                "insert into directory.membership (chain_id, user_id, role, region_ids, store_ids)"
                " values (%s, %s, %s, %s, %s)",
                (chain, number + 1, *place),
            )
    zone = "Asia/Shanghai"
    # Due within the hour, whenever the bench is run: what is due for long goes no more.
    now = datetime.now(ZoneInfo(zone))
    due = now.time().replace(minute=0, second=0, microsecond=0)
    with warehouse.begin(scope) as connection:
        for number in range(options.people):
            schedule = Schedule(
                options.rhythm, zone, due, weekdays=(now.weekday(),), month_day=min(now.day, 28)
            )
            wanted = Wanted(schedule, "zh" if number % 2 else "en")
            subscriptions.add(connection, scope, number + 1, wanted)
        connection.exec_driver_sql("update subscription set since = '2020-01-01'")


def _place(number: int, regions: list[int], stores: list[int]) -> tuple[Any, ...]:
    if number < WHOLE:
        return ("owner" if number < 2 else "viewer"), None, None
    if number < WHOLE + 4 * REGIONS:
        return "regional", [regions[number % len(regions)]], None
    return "store", None, [stores[number * 2 % len(stores)]]


def _send(settings: Settings, warehouse: Warehouse, chain: int, box: Postbox) -> dict[str, Any]:
    """Plan as beat does, and do the lanes by as many processes as a worker has."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES, _open, (settings,)) as pool:
        pool.starmap(_ready, [()] * PROCESSES * 4)  # a worker has been started long before
        started = time.perf_counter()
        Digests(warehouse, settings).plan(lambda _chain, _lane: None)
        pool.starmap(_lane, [(chain, lane) for lane in range(LANES)], chunksize=1)
        seconds = time.perf_counter() - started
    with warehouse.begin(Scope(chain)) as connection:
        found = connection.exec_driver_sql("select state, count(*) from delivery group by 1")
        states = {str(state): int(count) for state, count in found}
    mails = box.receivers.total()
    if states != {"sent": mails} or mails != len(box.receivers):
        raise SystemExit(f"not every digest went once: {states}, {mails} mails")
    return {
        "mails": mails,
        "seconds": round(seconds, 1),
        "mails_a_second": round(mails / seconds, 1),
        "mail_kb": round(box.bytes / max(mails, 1) / 1024),
    }


_work: Digests


def _open(settings: Settings) -> None:
    global _work  # noqa: PLW0603 - what a process of the pool keeps, as a worker keeps its own
    _work = Digests(Warehouse(str(settings.database_url)), settings)


def _ready() -> None:
    time.sleep(0.05)


def _lane(chain: int, lane: int) -> None:
    _work.send(chain, lane)


_FORECAST = (
    """
    insert into forecast_run (chain_id, state, kind, learned_until, first_day, last_day, done_at)
    values (%(chain)s, 'done', 'full', %(last)s, %(last)s::date + 1, %(last)s::date + 90, now())
    """,
    """
    insert into forecast (chain_id, run_id, store_id, day, mean, quantiles)
    select d.chain_id, r.run_id, d.store_id, d.business_date + 7 * week, d.gross,
        array(select (d.gross * (0.75 + 0.05 * q))::bigint from generate_series(1, 9) q)
    from store_day_total d join forecast_run r on r.chain_id = d.chain_id
        cross join generate_series(1, 12) week
    where d.chain_id = %(chain)s and d.business_date > %(last)s::date - 7
    """,
    """
    insert into forecast_store (chain_id, run_id, store_id, model, wape, naive_wape)
    select r.chain_id, r.run_id, s.store_id, 'panel', 0.1, 0.2
    from store s join forecast_run r on r.chain_id = s.chain_id
    where s.chain_id = %(chain)s and not s.unassigned
    """,
    """
    insert into forecast_group (chain_id, run_id, level, unit_id, store_ids, mean, quantiles)
    select days.chain_id, days.run_id, 'chain', 0,
        (select array_agg(store_id order by store_id) from forecast_store
         where chain_id = %(chain)s),
        array_agg(days.mean order by days.day),
        (select array_agg(one.amount order by one.day, one.q) from (
            select f.day, q, sum(f.quantiles[q]) as amount
            from forecast f cross join generate_series(1, 9) q
            where f.chain_id = %(chain)s group by f.day, q) one)
    from (select chain_id, run_id, day, sum(mean) as mean from forecast
          where chain_id = %(chain)s group by chain_id, run_id, day) days
    group by days.chain_id, days.run_id
    """,
    "vacuum (analyze) forecast",
    "vacuum (analyze) forecast_group",
)
