"""Run by the Python of dlt's own environment: merge a Parquet file into PostgreSQL by dlt.

Arguments: the file, the server's address, a directory for dlt's working files, and what dlt is
given: ``arrow`` batches that it copies as CSV (the fastest it has) or ``rows`` (dicts, as most
sources yield). Prints the seconds that the merge took. Not imported by anything here: dlt is no
dependency of Tillboard.
"""

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["NORMALIZE__DATA_WRITER__DISABLE_COMPRESSION"] = "true"

import dlt  # type: ignore[import-not-found]
import pyarrow.parquet as pq


def main(path: str, address: str, directory: str, given: str) -> None:
    """Load the file with write disposition ``merge`` on the columns external_id and kind."""

    def batches() -> Iterator[Any]:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=100_000):
            yield batch if given == "arrow" else batch.to_pylist()

    rows = dlt.resource(
        batches(),
        name=f"payment_{given}",
        write_disposition="merge",
        primary_key=("external_id", "kind"),
        file_format="csv" if given == "arrow" else None,
    )
    pipeline = dlt.pipeline(
        f"bench_{given}",
        pipelines_dir=directory,
        # dlt asks for a host; libpq lets the one in the query, a socket's directory, win.
        destination=dlt.destinations.postgres(address.replace("@/", "@localhost/")),
        dataset_name="dlt_bench",
    )
    started = time.perf_counter()
    pipeline.run(rows).raise_on_failed_jobs()
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
