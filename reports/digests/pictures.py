"""The board's figures as PNG for mail, drawn by Typst with the project's own fonts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typst

from figures.look import Figure
from figures.tokens import tokens
from figures.vector import svg
from reports.paper import FONTS

TEMPLATE = Path(__file__).parent / "picture.typ"
WIDTH, HEIGHT = 440, 220
"""Pixels at which a picture is drawn: between a phone's 340 and a desk's 552, so that its letters
can be read on both."""
_DOTS = 180.0
"""Dots an inch where 72 are one a pixel: two for each pixel on a desk's fine screen."""


@dataclass(slots=True)
class Pictures:
    """Draws pictures; keeps the fonts in memory. Not for two threads at once."""

    _compiler: Any = field(init=False, default=None)

    def png(self, figure: Figure, lang: str, *, dark: bool) -> bytes:
        """Return ``figure`` as PNG, ``WIDTH`` by ``HEIGHT`` finely, on the ground of its theme.

        The ground is not clear, since some mail programs turn the page's colours round and leave
        pictures alone.
        """
        size = {"width": WIDTH, "height": HEIGHT, "ground": tokens(dark).surface}
        given = {"svg": svg(figure, WIDTH, HEIGHT, lang), "size": json.dumps(size)}
        if self._compiler is None:
            self._compiler = typst.Compiler(
                str(TEMPLATE),
                root=str(TEMPLATE.parent),
                font_paths=[str(FONTS)],
                ignore_system_fonts=True,
                sys_inputs=given,
            )
        made: bytes = self._compiler.compile(format="png", ppi=_DOTS, sys_inputs=given)
        return made
