"""The catalogues: the same sentences with the same gaps in both languages."""

from string import Formatter

import pytest

from chain.words import LANGS, catalogue, say

OTHERS = [lang for lang in LANGS if lang != "en"]


def gaps(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("lang", OTHERS)
def test_every_sentence_is_in_every_language(lang: str) -> None:
    assert catalogue(lang).keys() == catalogue("en").keys()


@pytest.mark.parametrize("lang", OTHERS)
def test_a_sentence_takes_the_same_values_in_every_language(lang: str) -> None:
    other = catalogue(lang)
    different = {
        key: gaps(sentence) ^ gaps(other[key])
        for key, sentence in catalogue("en").items()
        if gaps(sentence) != gaps(other[key])
    }
    assert different == {}


@pytest.mark.parametrize(("count", "said"), [(1, "1 file is in."), (2, "2 files are in.")])
def test_one_thing_is_said_in_the_singular(count: int, said: str) -> None:
    for written in (count, str(count)):
        assert say("en", "dashboard.imports.sentence", count=written) == said
