"""Run by the Python of dlt's own environment: merge payments into PostgreSQL by dlt.

Arguments: a file, the server's address, a directory for dlt's working files, and what dlt is given:

* ``rows``: dicts from a Parquet file of parsed payments, as most sources yield them;
* ``arrow``: Arrow batches of that file, which dlt copies as CSV (the fastest it has);
* ``bill``: the Alipay bill itself, read here by Polars into Arrow batches;
* ``bill, unique``: the same, into a table where dlt keeps the key unique.

Prints as JSON the seconds until the payments were ``merged`` and, of a bill, until sums of its
``days`` stood beside them, and what both took when the bill came ``again``. Not imported by
anything here: dlt is no dependency of Tillboard.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "true"
# Several files a table, so that dlt copies more than one at a time.
os.environ["NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS"] = "250000"

import dlt  # type: ignore[import-not-found]
import polars as pl
import pyarrow.parquet as pq

BLOCK = 32 << 20
NAMES = {
    "支付宝交易号": "external_id",
    "商户订单号": "order_ref",
    "业务类型": "type",
    "完成时间": "at",
    "门店编号": "store_ref",
    "操作员": "operator_ref",
    "终端号": "terminal_ref",
    "对方账户": "payer",
    "订单金额（元）": "gross",
    "商家实收（元）": "received",
    "支付宝红包（元）": "red_packet",
    "集分宝（元）": "points",
    "支付宝优惠（元）": "discount",
    "退款批次号/请求号": "request",
    "服务费（元）": "service_fee",
    "分润（元）": "shared",
}
MONEY = ("gross", "received", "red_packet", "points", "discount", "service_fee", "shared")
DAYS = """
    create table if not exists store_day (business_date date, store_ref text, currency text,
        gross bigint, orders bigint, refund bigint, refunds bigint, platform_subsidy bigint,
        merchant_subsidy bigint, fee bigint, net bigint,
        primary key (business_date, store_ref, currency));
    delete from store_day where business_date in (select distinct business_date from payment);
    insert into store_day
    select business_date, store_ref, currency,
        coalesce(sum(gross) filter (where kind = 'sale'), 0),
        count(*) filter (where kind = 'sale'),
        coalesce(-sum(gross) filter (where kind = 'refund'), 0),
        count(*) filter (where kind = 'refund'),
        sum(platform_subsidy), sum(merchant_subsidy), sum(fee), sum(net)
    from payment group by business_date, store_ref, currency
"""


def main(path: str, address: str, directory: str, given: str) -> None:
    """Load the file with write disposition ``merge`` on the key of a payment."""
    if given.startswith("bill"):
        seconds = _bill(path, address, directory, unique=given.endswith("unique"))
    else:
        seconds = _parsed(path, address, directory, given)
    print(json.dumps(seconds))


def _parsed(path: str, address: str, directory: str, given: str) -> dict[str, float]:
    def batches() -> Iterator[Any]:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=100_000):
            yield batch if given == "arrow" else batch.to_pylist()

    rows = dlt.resource(
        batches(),
        name="payment",
        write_disposition="merge",
        primary_key=("external_id", "kind"),
        file_format="csv" if given == "arrow" else None,
    )
    pipeline = _pipeline(given, address, directory)
    started = time.perf_counter()
    pipeline.run(rows).raise_on_failed_jobs()
    return {"merged": time.perf_counter() - started}


def _bill(path: str, address: str, directory: str, *, unique: bool) -> dict[str, float]:
    pipeline = _pipeline("bill_unique" if unique else "bill", address, directory)
    merged, days = _load_bill(path, pipeline, unique)
    _, again = _load_bill(path, pipeline, unique)
    return {"merged": merged, "days": days, "again": again}


def _load_bill(path: str, pipeline: Any, unique: bool) -> tuple[float, float]:
    rows = dlt.resource(
        _read(path),
        name="payment",
        write_disposition="merge",
        primary_key="key",
        columns={"key": {"unique": True}} if unique else None,
        file_format="csv",
    )
    started = time.perf_counter()
    pipeline.run(rows).raise_on_failed_jobs()
    merged = time.perf_counter() - started
    with pipeline.sql_client() as client:
        client.execute_sql(DAYS)
    return merged, time.perf_counter() - started


def _pipeline(name: str, address: str, directory: str) -> Any:
    return dlt.pipeline(
        f"bench_{name}",
        pipelines_dir=directory,
        # dlt asks for a host; libpq lets the one in the query, a socket's directory, win.
        destination=dlt.destinations.postgres(address.replace("@/", "@localhost/")),
        dataset_name=f"dlt_{name}",
    )


def _read(path: str) -> Iterator[Any]:
    """Yield the payments of an Alipay business detail as Arrow tables."""
    with Path(path).open(encoding="gb18030", newline="") as file:
        while (line := file.readline()).startswith("#"):
            pass
        names = line.strip().split(",")
        while lines := file.readlines(BLOCK):
            text = "".join(each for each in lines if not each.startswith("#"))
            if text:
                yield _payments(text, names).to_arrow(compat_level=pl.CompatLevel.oldest())


def _payments(text: str, names: list[str]) -> pl.DataFrame:
    cells = pl.read_csv(text.encode(), has_header=False, new_columns=names, infer_schema=False)
    strip = pl.selectors.all().str.strip_chars()
    read = cells.select(list(NAMES)).rename(NAMES).fill_null("").with_columns(strip)
    fen = [
        (pl.col(name).replace("", "0").str.to_decimal(scale=2) * 100).cast(pl.Int64)
        for name in MONEY
    ]
    sale = pl.col("type") == "交易"
    at = pl.col("at").str.to_datetime("%Y-%m-%d %H:%M:%S")
    shanghai = pl.col("at").dt.replace_time_zone("Asia/Shanghai")
    sign = pl.when(sale).then(1).otherwise(-1)
    made = read.with_columns(*fen, at=at).select(
        "external_id",
        pl.when(sale).then(pl.lit("sale")).otherwise(pl.lit("refund")).alias("kind"),
        pl.when(sale).then(pl.lit("")).otherwise("request").alias("part"),
        shanghai.dt.convert_time_zone("UTC").alias("occurred_at"),
        pl.col("at").dt.date().alias("business_date"),
        pl.lit("CNY").alias("currency"),
        "gross",
        (pl.col("red_packet") + pl.col("points") + pl.col("discount")).alias("platform_subsidy"),
        (pl.col("gross") - pl.col("received")).alias("merchant_subsidy"),
        ((pl.col("service_fee").abs() + pl.col("shared").abs()) * sign).alias("fee"),
        pl.lit("alipay").alias("method"),
        _hidden(read["payer"]).alias("payer_hash"),
        "order_ref",
        "store_ref",
        "terminal_ref",
        "operator_ref",
    )
    return made.with_columns(
        pl.concat_str("external_id", "kind", "part", separator="|").alias("key"),
        (pl.col("gross") - pl.col("merchant_subsidy") - pl.col("fee")).alias("net"),
    )


def _hidden(payers: pl.Series) -> pl.Series:
    """Return keyed hashes of the payers; each is hashed once."""
    known = payers.unique()
    hashes = [hmac.digest(b"key", one.encode(), hashlib.sha256)[:16].hex() for one in known]
    return payers.replace_strict(known, hashes, return_dtype=pl.String)


if __name__ == "__main__":
    main(*sys.argv[1:])
