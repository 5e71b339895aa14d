"""Promises of the tokens: readable in both themes, one set for page, theme and pictures."""

import re
from dataclasses import fields
from itertools import pairwise

import pytest

from figures.tokens import DARK, LIGHT, Tokens, contrast, css, luminance, mantine_theme

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])


@THEMES
def test_text_has_aa_contrast_on_every_ground(theme: Tokens) -> None:
    for ground in (theme.page, theme.surface, theme.raised):
        for ink in (theme.text, theme.muted, theme.accent):
            assert contrast(ink, ground) >= 4.5, (ink, ground)
    assert contrast(theme.attention_text, theme.attention_soft) >= 4.5
    assert contrast(theme.missing, theme.missing_soft) >= 4.5
    assert contrast(theme.accent, theme.accent_soft) >= 4.5
    for word in (theme.attention_text, theme.missing):
        assert contrast(word, theme.surface) >= 4.5


@THEMES
def test_lines_and_marks_have_aa_contrast_on_a_card(theme: Tokens) -> None:
    marks = (theme.this, theme.comparison, theme.attention, theme.missing, theme.other)
    for mark in (*marks, *theme.categories):
        assert contrast(mark, theme.surface) >= 3, mark


@THEMES
def test_there_are_seven_different_categories(theme: Tokens) -> None:
    assert len(set(theme.categories)) == 7


@THEMES
def test_the_ramp_leaves_the_ground_step_by_step(theme: Tokens) -> None:
    distance = [contrast(colour, theme.surface) for colour in theme.ramp]
    assert all(low < high for low, high in pairwise(distance))
    assert len({luminance(c) for c in theme.diverging}) == len(theme.diverging)


def test_the_page_gets_every_colour_in_both_themes() -> None:
    light, dark = css().strip().split("\n")
    for field in fields(Tokens):
        name = f"--tb-{field.name.replace('_', '-')}"
        assert re.search(rf"{name}(-0)?:#", light), name
        assert re.search(rf"{name}(-0)?:#", dark), name


def test_mantine_takes_the_same_accent() -> None:
    colors = mantine_theme()["colors"]
    assert isinstance(colors, dict)
    assert colors["till"][7] == LIGHT.accent
    assert colors["till"][4] == DARK.accent
