"""Run the parts asked for and print one JSON line last."""

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

from bench.sites import openings, real, scale, simulated

PARTS = ("simulated", "freiburg", "francisco", "openings", "scale")
FIRST_SEED = 1000
"""Cities below this seed were looked at while the model was made."""


def main(arguments: list[str]) -> int:
    """Run the benchmark; see ``python -m bench sites --help``."""
    parser = argparse.ArgumentParser(prog="python -m bench sites", description=__doc__)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--cities", type=int, default=80, help="simulated cities")
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="of the first city")
    parser.add_argument(
        "--data", type=Path, help="folder of the real sets; without, they are skipped"
    )
    parser.add_argument("--cells", type=int, default=100_000)
    options = parser.parse_args(arguments)
    result: dict[str, Any] = {"machine": platform.platform(), "python": platform.python_version()}
    for part in options.part:
        began = time.perf_counter()
        result[part] = _part(part, options)
        print(f"{part}: {time.perf_counter() - began:.1f} s", flush=True)
        print(json.dumps(result[part], indent=1, ensure_ascii=False), flush=True)
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _part(part: str, options: argparse.Namespace) -> dict[str, Any]:
    if part == "simulated":
        return simulated.measure(range(options.seed, options.seed + options.cities))
    if part == "scale":
        return scale.measure(options.cells)
    measures = {
        "freiburg": real.freiburg,
        "francisco": real.francisco,
        "openings": openings.measure,
    }
    if options.data is None:
        return {"skipped": "no --data"}
    try:
        return measures[part](options.data)
    except FileNotFoundError as error:
        return {"skipped": f"no {Path(str(error.filename)).name}"}
