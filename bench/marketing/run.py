"""Simulated chains with known truth: ``python -m bench marketing --part …``.

``returns`` fits chains of four worlds and counts how often 90 % intervals hold the truth, channels
without effect are called clear, strong ones are, and how far the advised split stays behind the
best. ``hard`` does the same where channels run together, spend follows sales, or all stores share a
channel's spend. ``tests`` plans and reads tests by store. ``speed`` times the fit of 40 stores, 104
weeks and 4 channels. ``shared`` reads public sets whose truth nobody knows, where their folder is
there (``--data``). ``read`` makes the tables of a file of lines that earlier runs wrote.

``--from`` and ``--cases`` choose the seeds; each case prints a line, the table last, so it can be
run in pieces.
"""

import argparse
import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from advice.marketing import Response, fit
from bench.marketing import judged, shared, trials
from bench.marketing.simulate import WORLDS, Case, simulate

_STRENGTHS = ("none", "weak", "medium", "strong")


def main(arguments: Sequence[str]) -> int:
    """Run the parts that were asked for; print a line a case, a table, and one JSON line."""
    parser = argparse.ArgumentParser(prog="bench marketing", description=__doc__)
    parts = ("returns", "hard", "tests", "speed", "shared", "read")
    parser.add_argument("--part", choices=parts, nargs="*", default=parts[:5])
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=40)
    parser.add_argument("--lines", type=Path, help="append each case's line to this file")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/marketing"))
    options = parser.parse_args(arguments)
    found: dict[str, object] = {}
    seeds = range(options.first, options.first + options.cases)
    if "returns" in options.part:
        found["returns"] = _run(_plain(seeds), options.lines)
    if "hard" in options.part:
        found["hard"] = _run(_hard(seeds), options.lines)
    if "tests" in options.part:
        found["tests"] = trials.run(seeds)
    if "shared" in options.part and options.data.is_dir():
        found["shared"] = shared.run(options.data)
    if "speed" in options.part:
        found["speed"] = _speed()
    if "read" in options.part:
        lines = [json.loads(line) for line in options.lines.read_text().splitlines()]
        found["read"] = judged.table(pd.DataFrame(lines))
    print(json.dumps(found))
    return 0


def _plain(seeds: Sequence[int]) -> Iterator[tuple[str, Case]]:
    for seed in seeds:
        rng = np.random.default_rng([seed, 7])
        stores, weeks = int(rng.integers(20, 61)), int(rng.integers(60, 121))
        strengths = ["none", "strong", *rng.choice(_STRENGTHS, int(rng.integers(1, 4)))]
        order = tuple(str(one) for one in rng.permutation(strengths))
        yield "plain", Case(WORLDS[seed % len(WORLDS)], stores, weeks, order, seed)


def _hard(seeds: Sequence[int]) -> Iterator[tuple[str, Case]]:
    for seed in seeds:
        rng = np.random.default_rng([seed, 8])
        stores, weeks = int(rng.integers(20, 41)), int(rng.integers(60, 105))
        world = WORLDS[seed // 3 % len(WORLDS)]
        strengths = ("strong", "none", "medium")
        if seed % 3 == 0:
            yield "collinear", Case(world, stores, weeks, strengths, seed, collinear=True)
        elif seed % 3 == 1:
            strengths = ("strong", "weak" if seed % 2 else "none", "medium")
            yield "follows", Case(world, stores, weeks, strengths, seed, follows=1)
        else:
            yield "chainwide", Case(world, stores, weeks, strengths, seed, chainwide=0)


def _run(cases: Iterator[tuple[str, Case]], lines: Path | None) -> dict[str, object]:
    rows = []
    for kind, case in cases:
        for row in _one(kind, case):
            rows.append(row)
            print(row, flush=True)
            if lines is not None:
                with lines.open("a") as out:
                    out.write(json.dumps(row) + "\n")
    return judged.table(pd.DataFrame(rows))


def _one(kind: str, case: Case) -> Iterator[dict[str, object]]:
    chain = simulate(case)
    response = _fitted(chain.panel, chain.channels, case.seed)
    plans = judged.plans(chain, response)
    for name, strength in zip(chain.channels, case.strengths, strict=True):
        answer, truth = response.channel(name), chain.returns[name]
        yield {
            "kind": kind,
            **asdict(case),
            "strengths": ",".join(case.strengths),
            "channel": name,
            "strength": strength,
            "truth": round(truth, 3),
            "mean": round(answer.mean, 3),
            "low": round(answer.returns["q0.05"], 3),
            "high": round(answer.returns["q0.95"], 3),
            "health": answer.health,
            "why": [note.key.rpartition(".")[2] for note in answer.why],
            **{f"sampled_{key}": round(value, 3) for key, value in response.sampled.items()},
            **plans,
        }


def _fitted(panel: pd.DataFrame, channels: Sequence[str], seed: int) -> Response:
    return fit(panel, channels=channels, outcome="sales", store="store", date="week", seed=seed)


def _speed() -> dict[str, object]:
    chain = simulate(Case("alike", 40, 104, ("none", "weak", "medium", "strong"), 1))
    began, used = time.perf_counter(), time.process_time()
    response = _fitted(chain.panel, chain.channels, 0)
    row: dict[str, object] = {
        "seconds": round(time.perf_counter() - began, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "json_mib": round(len(response.to_json()) / 2**20, 2),
    }
    print(row, flush=True)
    return row
