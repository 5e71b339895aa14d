"""Every sentence a person reads, in English and Simplified Chinese.

Catalogues are the TOML files beside this one, ``<section>.<lang>.toml``; a key is the section and
the path of the entry joined by dots.
"""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, get_args

Lang = Literal["en", "zh"]
LANGS: tuple[str, ...] = get_args(Lang)
Param = int | float | str


def _flatten(prefix: str, table: dict[str, object]) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = f"{prefix}.{name}"
        if isinstance(value, dict):
            yield from _flatten(key, value)
        else:
            yield key, str(value)


@cache
def catalogue(lang: str) -> dict[str, str]:
    """Return all sentences of ``lang`` by key. Raises KeyError for a language we do not have."""
    if lang not in LANGS:
        raise KeyError(f"no catalogue for language {lang!r}; there are {', '.join(LANGS)}")
    words: dict[str, str] = {}
    for path in sorted(Path(__file__).parent.glob(f"*.{lang}.toml")):
        with path.open("rb") as file:
            words.update(_flatten(path.name.split(".")[0], tomllib.load(file)))
    return words


def say(lang: str, key: str, /, **params: Param) -> str:
    """Return the sentence ``key`` in ``lang`` with its placeholders filled.

    Of one thing (``count`` is 1) ``<key>_one`` is said where there is one: "1 file", not "1 files".
    Raises KeyError where the key is unknown or a placeholder has no value: a missing sentence is
    a defect that tests must see, not something to paper over.
    """
    words = catalogue(lang)
    single = f"{key}_one" if str(params.get("count")) == "1" else key
    return words.get(single, words[key]).format(**params)
