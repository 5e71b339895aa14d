"""The runs, and the one JSON line that sums them up."""

import argparse
import hashlib
import json
import multiprocessing
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from bench.ingest import dlt
from bench.ingest.files import DAYS, STORES, write_alipay, write_wechat
from bench.ingest.memory import Peak
from etl.importer import Importer
from etl.reading import leaves, open_bill
from runtime.embedded import Place, Postgres
from warehouse import migrations
from warehouse.chains import NewChain, NewStore, add_store, create_chain
from warehouse.session import Scope, Warehouse, sqlalchemy_url

SAMPLE = 200_000


def main(arguments: list[str]) -> int:
    """Run the benchmark; return 0."""
    parser = argparse.ArgumentParser(prog="bench ingest", description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    rows = parser.parse_args(arguments).rows
    directory = Path(tempfile.mkdtemp(prefix="tillboard-bench-", dir="/var/tmp"))
    server = Postgres(Place(directory / "data"))
    try:
        server.start()
        print(json.dumps(_measure(server, directory, rows)))
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _measure(server: Postgres, directory: Path, rows: int) -> dict[str, Any]:
    migrations.upgrade(server.url("owner"))
    scope = _set_up(server.url("app"))
    alipay, wechat, again = (directory / name for name in ("a.csv", "w.csv", "again.csv"))
    write_alipay(alipay, rows, exported="2026年10月02日 05:46:49")
    write_wechat(wechat, rows)
    write_alipay(again, rows, exported="2026年10月03日 05:46:49")
    found: dict[str, Any] = {
        "bench": "ingest",
        "rows": rows,
        "stores": STORES,
        "days": DAYS,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "python": platform.python_version(),
    }
    for name, path in (("first", alipay), ("filled", wechat), ("reexported", again)):
        seconds, peak = _import(server, scope, path)
        _say(name, seconds, rows)
        found[f"{name}_rows_per_second"] = round(rows / seconds)
        found[f"{name}_peak_mb"] = round(peak / 1e6)
    same, _ = _import(server, scope, alipay)
    hashing = _timed(lambda: _hash(alipay))
    found |= {"same_file_seconds": round(same, 2), "hash_seconds": round(hashing, 2)}
    found["same_file_over_hash"] = round(same / hashing, 2)
    found["raw_copy_rows_per_second"] = round(rows / _raw_copy(server, alipay))
    found["to_sql_rows_per_second"] = round(SAMPLE / _to_sql(server, alipay))
    return found | _dlt(server, directory, alipay, rows)


def _dlt(server: Postgres, directory: Path, bill: Path, rows: int) -> dict[str, Any]:
    """Let dlt merge the same rows: from the bill, and from what we parsed of it."""
    whole, sample = directory / "rows.parquet", directory / "sample.parquet"
    parsed = _parsed(bill).select(_COLUMNS.split(", "))
    parsed.write_parquet(whole)
    parsed.head(SAMPLE).write_parquet(sample)
    given = {"bill": bill, "bill, unique": bill, "arrow": whole, "rows": sample}
    found: dict[str, Any] = {}
    for name, file in given.items():
        steps, note = dlt.seconds(file, server.url("superuser"), directory, name)
        count = SAMPLE if file is sample else rows
        found[f"dlt, {name}"] = {step: round(count / took) for step, took in steps.items()} or note
        print(f"dlt, {name}: {found[f'dlt, {name}']} rows/s", file=sys.stderr)
    return found


def _say(name: str, seconds: float, rows: int) -> None:
    print(f"{name}: {seconds:.1f} s, {rows / seconds:,.0f} rows/s", file=sys.stderr)


def _set_up(url: str) -> Scope:
    warehouse = Warehouse(url)
    scope = Scope(create_chain(warehouse, NewChain("Bench")))
    with warehouse.begin(scope) as connection:
        for number in range(STORES):
            store = NewStore(f"S{number:04d}", f"第{number}店", "Asia/Shanghai")
            add_store(connection, scope.chain_id, store)
    warehouse.close()
    return scope


def _import(server: Postgres, scope: Scope, path: Path) -> tuple[float, int]:
    """Import in a process of its own; return its seconds of import and the peak bytes."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(sender, server.url("app"), scope, path))
    child.start()
    sender.close()
    receiver.recv()
    with server.connect("superuser", "postgres") as watcher:
        watcher.autocommit = True
        with Peak(lambda: [child.pid or 0, *_backends(watcher)]) as peak:
            seconds: float = receiver.recv()
    child.join()
    return seconds, peak.bytes


def _backends(watcher: psycopg.Connection[tuple[Any, ...]]) -> list[int]:
    query = "select pid from pg_stat_activity where application_name = 'tillboard'"
    return [row[0] for row in watcher.execute(query).fetchall()]


def _child(sender: Pipe, url: str, scope: Scope, path: Path) -> None:
    warehouse = Warehouse(url)
    importer = Importer(warehouse, scope, "bench")
    sender.send("ready")
    started = time.perf_counter()
    for batch in importer.import_path(path):
        if batch["state"] != "done":
            raise RuntimeError(f"the import ended as {batch['state']}: {batch['error_key']}")
    sender.send(time.perf_counter() - started)
    warehouse.close()


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _hash(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _parsed(path: Path) -> pl.DataFrame:
    bill = open_bill(next(iter(leaves(path))))
    return pl.concat([chunk.rows for chunk in bill.chunks()])


_COLUMNS = "external_id, kind, occurred_at, currency, gross, fee, store_ref, order_ref"


def _raw_copy(server: Postgres, path: Path) -> float:
    """Copy the parsed rows, as CSV, into an unlogged table with no key: the floor."""
    text = _parsed(path).select(_COLUMNS.split(", ")).write_csv(include_header=False)
    with server.connect("superuser") as connection:
        connection.execute(
            "create unlogged table raw_copy (external_id text, kind text, occurred_at timestamptz,"
            " currency text, gross bigint, fee bigint, store_ref text, order_ref text)"
        )
        connection.commit()

        def run() -> None:
            with connection.cursor().copy(
                f"copy raw_copy ({_COLUMNS}) from stdin (format csv)"
            ) as copy:
                copy.write(text)
            connection.commit()

        return _timed(run)


def _to_sql(server: Postgres, path: Path) -> float:
    """Write a sample of the parsed rows by pandas, a thousand rows a statement."""
    import pandas as pd  # here, so that it isn't in the memory of the importing processes

    sample: pd.DataFrame = _parsed(path).head(SAMPLE).select(_COLUMNS.split(", ")).to_pandas()
    url = sqlalchemy_url(server.url("superuser"))
    return _timed(lambda: sample.to_sql("to_sql", url, index=False, method="multi", chunksize=1000))
