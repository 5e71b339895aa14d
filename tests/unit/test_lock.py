"""The lock: what the set-up promises about it."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LEFT_OUT = {"pretrained"}
"""Extras that are not in the lock: their weights and their torch are the user's own choice."""
LOCK = (ROOT / "requirements.lock").read_text()


def pinned() -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([\w.!+-]+)", LOCK, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def test_the_lock_holds_no_address_and_no_path() -> None:
    assert not re.search(r"https?://|file:|--index-url|--find-links|--extra-index", LOCK)


def test_every_package_has_a_hash() -> None:
    for entry in re.split(r"\n(?=\w)", LOCK.split("\n", 2)[2]):
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_every_dependency_is_pinned_within_its_range() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {
        name: wanted
        for name, wanted in project["optional-dependencies"].items()
        if name not in LEFT_OUT
    }
    groups = [project["dependencies"], *extras.values()]
    for each in map(Requirement, chain.from_iterable(groups)):
        version = pinned().get(canonicalize_name(each.name))
        assert version is not None, f"{each.name} is not in the lock: make lock"
        assert each.specifier.contains(version, prereleases=True), each


@pytest.mark.parametrize("target", ["run", "test", "check", "install", "lock"])
def test_the_makefile_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
