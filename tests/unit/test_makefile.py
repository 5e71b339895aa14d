"""``make install``: what happens when it is cut short, done twice, or met by an old Python.

A stand-in for Python notes what it is asked to do, so that nothing is downloaded.
"""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = """#!/bin/sh
echo "$*" >> "$NOTES"
case "$*" in
    "-c "*) [ ! -e "$TROUBLE/old" ] ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    *requirements.lock) [ ! -e "$TROUBLE/killed" ] || kill -9 $$ ;;
esac
"""
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")


@dataclass(frozen=True)
class Checkout:
    """A checkout whose path has spaces and Chinese characters."""

    path: Path

    def make(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        mine = {"NOTES": str(self.path / "notes"), "TROUBLE": str(self.path)}
        return subprocess.run(
            ["make", f"PYTHON={self.path / 'python'}", *arguments],
            cwd=self.path,
            env={**os.environ, **mine},
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def notes(self) -> list[str]:
        return (self.path / "notes").read_text().splitlines()

    @property
    def ready(self) -> bool:
        return (self.path / ".venv" / ".ready").exists()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    path = tmp_path / "my 门店 board"
    path.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, path / name)
    (path / "python").write_text(STAND_IN)
    (path / "python").chmod(0o755)
    return Checkout(path)


def test_what_is_installed_is_not_installed_again(checkout: Checkout) -> None:
    assert checkout.make("install").returncode == 0
    assert checkout.ready
    assert any("--require-hashes -r requirements.lock" in note for note in checkout.notes)
    before = checkout.notes
    assert checkout.make("install").returncode == 0
    assert checkout.notes == before


def test_an_interrupted_set_up_is_simply_run_again(checkout: Checkout) -> None:
    (checkout.path / "killed").touch()
    assert checkout.make("install").returncode != 0
    assert not checkout.ready
    (checkout.path / "killed").unlink()
    assert checkout.make("install").returncode == 0
    assert checkout.ready


def test_an_environment_that_was_half_made_is_made_anew(checkout: Checkout) -> None:
    half = checkout.path / ".venv" / "bin" / "python"
    half.parent.mkdir(parents=True)
    half.write_text("#!/bin/sh\nexit 1\n")
    half.chmod(0o755)
    assert checkout.make("install").returncode == 0
    assert any(note.startswith("-m venv") for note in checkout.notes)


def test_a_new_lock_is_installed(checkout: Checkout) -> None:
    checkout.make("install")
    before = len(checkout.notes)
    later = (checkout.path / ".venv" / ".ready").stat().st_mtime + 10
    os.utime(checkout.path / "requirements.lock", (later, later))
    assert checkout.make("install").returncode == 0
    assert any("requirements.lock" in note for note in checkout.notes[before:])


def test_an_old_python_is_one_sentence(checkout: Checkout) -> None:
    (checkout.path / "old").touch()
    done = checkout.make("install")
    assert done.returncode != 0
    assert "Tillboard needs Python 3.11 or later" in done.stdout
    assert not (checkout.path / ".venv").exists()
