"""What our scripts are written in: WeChat's engine on an old telephone must read them."""

import re
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "dashboard" / "assets"
SCRIPTS = sorted(ASSETS.glob("*.js"))
NOT_CODE = re.compile(
    r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
    r"""|(?<=[=(:,!&|?\s])/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[*])+/[a-z]*""",
    re.DOTALL,
)
NEWER = {
    "an arrow function": r"=>",
    "let, const or class": r"\b(?:let|const|class)\s+[\w{\[]",
    "a template": r"`",
    "optional chaining": r"\?\.(?!\d)",
    "a default for null": r"\?\?",
    "async or await": r"\b(?:async|await)\b",
    "spread": r"\.\.\.",
    "a power": r"\*\*",
    "a module": r"\b(?:import|export)\b",
}
"""What ECMAScript 5 (2011) has not."""


def code(text: str) -> str:
    """Return a script without comments, texts and patterns."""
    return NOT_CODE.sub('""', text)


def newer(text: str) -> list[str]:
    """Return what a script uses that an old engine cannot read."""
    bare = code(text)
    return [name for name, pattern in NEWER.items() if re.search(pattern, bare)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_of_ours_is_read_by_an_old_engine(script: Path) -> None:
    assert newer(script.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "line",
    ["x = (a) => a;", "const a = 1;", "x = `a`;", "x = a?.b;", "x = a ?? b;", "f(...a);",
     "async function f() {}", "class A {}", "x = 2 ** 3;"],
)  # fmt: skip
def test_what_is_newer_is_seen(line: str) -> None:
    assert newer(f'var a = "=>"; /* ` */ {line}') != []


def test_what_stands_in_texts_and_patterns_is_no_code() -> None:
    assert newer('var a = "a => `b` ..."; // const x\nvar b = /[`?.]=>/g.test(a) ? .5 : 1;') == []


def test_nothing_of_ours_opens_another_window() -> None:
    """WeChat has none; a link, a log-in at a provider and a file stay in the same one."""
    templates = (ASSETS.parent / "templates").glob("*.html")
    python = ASSETS.parent.rglob("*.py")
    asked = [
        path.name
        for path in [*SCRIPTS, *templates, *python]
        if re.search(r"window\.open\(|_blank", path.read_text(encoding="utf-8"))
    ]
    assert asked == []
