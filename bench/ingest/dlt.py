"""dlt on the same rows, in an environment of its own that the bench makes."""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = ("dlt[postgres]>=1.20", "pyarrow>=20", "polars>=1.30")
ENVIRONMENT = Path(".bench") / "dlt"
SECONDS = 900


def seconds(file: Path, address: str, directory: Path, given: str) -> tuple[dict[str, float], str]:
    """Return the seconds dlt takes by step; none, and why, where it can't be had.

    ``given`` says what ``file`` is and how it is given, see ``dlt_load``.
    """
    try:
        python = _environment()
        script = Path(__file__).with_name("dlt_load.py")
        # -P: this directory stays off the path, in which this module would pass for dlt.
        done = _run([python, "-P", script, file, address, directory / "dlt", given])
    except subprocess.CalledProcessError as error:
        return {}, f"skipped: {_last_line(error.stderr)}"
    except subprocess.TimeoutExpired:
        return {}, f"skipped: not done in {SECONDS} s"
    found: dict[str, float] = json.loads(_last_line(done))
    return found, ""


def _environment() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "ready").exists():
        _run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT])
        _run([python, "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        (ENVIRONMENT / "ready").touch()
    return python.absolute()


def _run(command: list[str | Path]) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    return done.stdout


def _last_line(output: str) -> str:
    lines = output.strip().splitlines()
    return lines[-1] if lines else "it said nothing"
