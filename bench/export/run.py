"""Make the chain, have two processes make its reports, write the workbook, print one JSON line."""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from bench.board.data import Size, fill
from chain.days import Period
from chain.settings import Settings
from reports import contents, xlsx_file
from reports.contents import Asked, query_of
from runtime.installation import Installation
from warehouse import exports, migrations
from warehouse.chains import NewChain, create_chain
from warehouse.reads import Filters, Reads
from warehouse.session import Scope, Warehouse
from workers.exports import Exports

PROCESSES = 2


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``python -m bench export --help``."""
    parser = argparse.ArgumentParser(prog="python -m bench export", description=__doc__)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--days", type=int, default=1096)
    parser.add_argument("--rows", type=int, default=1_000_000, help="payments of the workbook")
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
    try:
        chain = _chain(installation, warehouse, size, options.rows)
        period = Period(size.last() - timedelta(days=27), size.last())
        zipped = _zip(settings, warehouse, chain, Filters(period))
        written = _apart(_workbook, settings, chain, size.last())
    finally:
        warehouse.close()
    return {
        "bench": "export",
        "stores": size.stores,
        "days": size.days,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **zipped,
        **written,
    }


def _chain(installation: Installation, warehouse: Warehouse, size: Size, rows: int) -> int:
    postgres = installation.postgres
    if postgres is None:
        raise SystemExit("bench export makes its rows as superuser: unset TILLBOARD_DATABASE_URL")
    kept = installation.settings.data / "bench-export.json"
    if kept.exists():
        known = json.loads(kept.read_text())
        if known["size"] == [size.stores, size.days, str(size.last()), rows]:
            return int(known["chain"])
        raise SystemExit(f"{kept.parent} holds a chain of another size or day: give a new --data")
    chain = create_chain(warehouse, NewChain("Bench"))
    url = postgres.url("superuser")
    seconds = fill(url, chain, size)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_PAYMENTS, {"chain": chain, "day": size.last(), "rows": rows})
        connection.execute("vacuum (analyze) payment")
    _say(f"the chain is there ({seconds:.0f} s)")
    known = {"size": [size.stores, size.days, str(size.last()), rows], "chain": chain}
    kept.write_text(json.dumps(known))
    return chain


def _zip(settings: Settings, warehouse: Warehouse, chain: int, asked: Filters) -> dict[str, Any]:
    """Have as many processes as a worker has make the reports, as its jobs do."""
    scope = Scope(chain)
    with warehouse.begin(scope) as connection:
        export = exports.add(connection, scope, 1, what="reports", query=query_of(asked), lang="zh")
    context = multiprocessing.get_context("spawn")
    started = time.perf_counter()
    chunks = Exports(warehouse, settings).start(chain, export)
    with context.Pool(PROCESSES, _open, (settings,)) as pool:
        pool.starmap(_chunk, [(chain, export, chunk) for chunk in chunks], chunksize=1)
    seconds = time.perf_counter() - started
    with warehouse.begin(scope) as connection:
        job = exports.get(connection, chain, export)
    if job.state != "done":
        raise SystemExit(f"the export ended as {job.state}: {job.error_key}")
    return {
        "reports": job.total,
        "zip_seconds": round(seconds, 1),
        "zip_mb": round(job.size_bytes / 1e6, 1),
        "target_zip_seconds": 120,
    }


_work: Exports


def _open(settings: Settings) -> None:
    global _work  # noqa: PLW0603 - what a process of the pool keeps, as a worker keeps its own
    _work = Exports(Warehouse(str(settings.database_url)), settings)


def _chunk(chain: int, export: int, chunk: int) -> None:
    _work.make(chain, export, chunk)


def _apart(work: Any, *given: Any) -> dict[str, Any]:
    """Run ``work`` in a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found: dict[str, Any] = pool.apply(work, given)
    return found


def _workbook(settings: Settings, chain: int, day: Any) -> dict[str, Any]:
    warehouse = Warehouse(str(settings.database_url))
    asked = Asked(Reads(warehouse, Scope(chain)), Filters(Period(day, day)), "zh",
                  datetime.now(UTC))  # fmt: skip
    path = settings.data / "bench.xlsx"
    started = time.perf_counter()
    with contents.payments(asked) as table:
        xlsx_file.write(table, path)
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    path.unlink()
    warehouse.close()
    return {
        "xlsx_rows": table.sums.rows,
        "xlsx_columns": len(table.columns),
        "xlsx_seconds": round(seconds, 1),
        "xlsx_file_mb": round(size / 1e6, 1),
        "xlsx_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "target_xlsx_seconds": 60,
        "target_xlsx_mb": 500,
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr)


_PAYMENTS = """
    insert into payment (chain_id, key, content_hash, platform, account_id, external_id, kind,
        place_id, store_id, business_date, occurred_at, currency, gross, platform_subsidy,
        merchant_subsidy, fee, net, method, channel, order_ref, batch_id, rank_at)
    select %(chain)s, md5(i::text)::uuid, md5(i::text)::uuid, 'wechat',
        (select min(account_id) from account where chain_id = %(chain)s),
        '42000000002025' || lpad(i::text, 14, '0'), 'sale', 1,
        (select min(store_id) from store where chain_id = %(chain)s and not unassigned)
            + i %% (select count(*) from store where chain_id = %(chain)s and not unassigned),
        %(day)s::date, %(day)s::date + i * interval '80 milliseconds', 'CNY', 1000 + i %% 9000,
        0, i %% 100, 10, 990 + i %% 9000 - i %% 100, 'balance', 'dine_in', 'O' || i, 1,
        %(day)s::date
    from generate_series(1, %(rows)s) i
"""
