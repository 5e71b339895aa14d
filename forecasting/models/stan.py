"""Prophet's compiled Stan program, run straight and believed only once it has proved itself.

The program lies in Prophet's wheel. It is started as a child process for each fit, so that threads
run it in parallel, also inside a worker whose processes may have no ``multiprocessing`` children.
``CMDSTAN`` and other settings of ``cmdstanpy`` play no part.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from chain.errors import PermanentError
from forecasting.panel import Floats

SECONDS = 120
"""A fit takes a fraction of a second; one that has not ended by then never will."""

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Series:
    """What the program is given: N days of one store, all scaled as Prophet scales them.

    ``t`` and ``y``: [N]; ``changes``: the times at which the trend may turn, [C], at least one;
    ``rows``: the N rows of the design matrix as JSON; ``scales``: [K], the prior scale of each
    coefficient; ``tau``: the prior scale of the turns.
    """

    t: Floats
    y: Floats
    changes: Floats
    rows: Sequence[str]
    scales: Floats
    tau: float = 0.05


@dataclass(frozen=True)
class Fit:
    """The mode of the posterior: slope, offset, turns [C], noise and coefficients [K]."""

    k: float
    m: float
    delta: Floats
    sigma: float
    beta: Floats


class FitError(Exception):
    """One series could not be fitted; the text is what the program said."""


@cache
def checked_program() -> Path:
    """Return the program once it has the stated version and gives a known answer.

    Raises PermanentError where it is missing, does not start, is of another version of Stan, or
    fits a known series to something else than is known. Checked once a process.
    """
    program = bundled_program()
    stated = stan_version(program)
    expected = _expected_version()
    if stated != expected:
        raise PermanentError("forecasting.stan.version", stated=stated, expected=expected)
    try:
        with TemporaryDirectory(prefix="tillboard-prophet-") as place:
            found = fit(program, known_series(), Path(place))
    except FitError as error:
        raise PermanentError("forecasting.stan.broken", said=str(error)) from error
    answer = np.array([found.k, found.m, found.sigma, *found.beta])
    apart = float(np.abs(answer - np.array(KNOWN_ANSWER)).max())
    if not apart <= _TOLERANCE:
        raise PermanentError("forecasting.stan.wrong_answer", apart=f"{apart:.3g}")
    return program


def bundled_program() -> Path:
    """Return where Prophet's wheel keeps its compiled program; Prophet itself is not imported."""
    return _bundle() / "prophet_model.bin"


def _bundle() -> Path:
    return Path(str(distribution("prophet").locate_file("prophet/stan_model")))


def _expected_version() -> str:
    """Return the version of Stan that Prophet's wheel names in a folder beside its program."""
    named = sorted(path.name for path in _bundle().glob("cmdstan-*"))
    return named[-1].removeprefix("cmdstan-") if named else "?"


def stan_version(program: Path) -> str:
    """Return the version of Stan that ``program`` was compiled with.

    Raises PermanentError where it does not start or does not say.
    """
    try:
        said = _run(program, ["info"])
    except FitError as error:
        raise PermanentError("forecasting.stan.broken", said=str(error)) from error
    stated = dict(line.split(" = ", 1) for line in said.splitlines() if " = " in line)
    parts = [stated.get(f"stan_version_{part}", "?") for part in ("major", "minor", "patch")]
    return ".".join(part.strip() for part in parts)


def fit(program: Path, series: Series, place: Path, *, name: str = "fit") -> Fit:
    """Return the mode of the posterior of ``series``; its files go to ``place`` and are removed.

    ``name`` keeps apart the files of fits that run at once. L-BFGS, and Newton's method where that
    fails, as Prophet itself does. Raises FitError where both fail.
    """
    data, start, out = (place / f"{name}.{end}" for end in ("data.json", "init.json", "csv"))
    data.write_text(_data(series))
    start.write_text(_start(series))
    common = ["data", f"file={data}", f"init={start}", "random", "seed=1"]
    common += ["output", f"file={out}", "refresh=0", "method=optimize", "iter=10000"]
    try:
        try:
            _run(program, [*common, "algorithm=lbfgs"])
        except FitError:
            _run(program, [*common, "algorithm=newton"])
        return _read(out, len(series.changes), len(series.scales))
    finally:
        for path in (data, start, out):
            path.unlink(missing_ok=True)


def _run(program: Path, arguments: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise FitError(str(error)) from error
    said = done.stdout.decode(errors="replace")
    if done.returncode:
        raise FitError(f"exit status {done.returncode}: {said.strip()[-300:]}")
    return said


def _data(series: Series) -> str:
    size, width = len(series.y), len(series.scales)
    plain = {
        "T": size,
        "K": width,
        "S": len(series.changes),
        "tau": series.tau,
        "trend_indicator": 0,
        "t": series.t.tolist(),
        "y": series.y.tolist(),
        "cap": [0] * size,
        "t_change": series.changes.tolist(),
        "sigmas": series.scales.tolist(),
        "s_a": [1] * width,
        "s_m": [0] * width,
    }
    return f'{json.dumps(plain)[:-1]}, "X": [{",".join(series.rows)}]}}'


def _start(series: Series) -> str:
    """Where the search starts: the line through the first and the last day, as in Prophet."""
    slope = float((series.y[-1] - series.y[0]) / (series.t[-1] - series.t[0]))
    offset = float(series.y[0] - slope * series.t[0])
    return json.dumps(
        {
            "k": slope,
            "m": offset,
            "delta": [0.0] * len(series.changes),
            "beta": [0.0] * len(series.scales),
            "sigma_obs": 1.0,
        }
    )


def _read(out: Path, changes: int, width: int) -> Fit:
    """Read the columns lp__, k, m, delta, sigma_obs, beta; the trend follows and is not needed."""
    try:
        lines = [line for line in out.read_text().splitlines() if line and line[0] != "#"]
        names, cells = (line.split(",", changes + width + 4) for line in lines[-2:])
    except (OSError, ValueError) as error:
        raise FitError("the program wrote no result") from error
    wanted = ["lp__", "k", "m", *(f"delta.{i + 1}" for i in range(changes)), "sigma_obs"]
    wanted += [f"beta.{i + 1}" for i in range(width)]
    if names[: len(wanted)] != wanted:
        raise FitError(f"the program wrote other columns: {','.join(names)[:200]}")
    values = np.array(cells[: len(wanted)], dtype=np.float64)
    if not np.isfinite(values).all():
        raise FitError("the program wrote numbers that are not finite")
    return Fit(
        k=float(values[1]),
        m=float(values[2]),
        delta=values[3 : 3 + changes],
        sigma=float(values[3 + changes]),
        beta=values[4 + changes :],
    )


def known_series() -> Series:
    """Return the series whose answer is known: a slope, a wave of a week, a fixed disturbance."""
    day = np.arange(120.0)
    wave = np.sin(2 * np.pi * day / 7)
    spare = np.cos(2 * np.pi * day / 7)
    disturbance = 0.05 * np.sin(day * day)
    return Series(
        t=day / 119,
        y=0.5 + 0.3 * day / 119 + 0.1 * wave + disturbance,
        changes=np.array([0.5]),
        rows=[json.dumps(pair) for pair in zip(wave.tolist(), spare.tolist(), strict=True)],
        scales=np.array([10.0, 10.0]),
    )


KNOWN_ANSWER = (0.32412, 0.49211, 0.034155, 0.109130, -0.002864)
"""Slope, offset, noise and the two coefficients of ``known_series``, found without Stan."""
