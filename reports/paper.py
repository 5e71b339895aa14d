"""Pages set by Typst: what is printed as JSON, the template beside, the project's own fonts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typst

import figures
from figures.tokens import LIGHT

TEMPLATE = Path(__file__).parent / "store.typ"
CASE = Path(__file__).parent / "case.typ"
FONTS = Path(figures.__file__).parent / "fonts"
COLOURS = {
    name: getattr(LIGHT, name)
    for name in ("text", "muted", "hairline", "accent", "raised", "attention_soft")
}


@dataclass(slots=True)
class Paper:
    """Sets pages; keeps the fonts and the template in memory. Not for two threads at once."""

    template: Path = TEMPLATE
    _compiler: Any = field(init=False, default=None)

    def pdf(self, printed: Mapping[str, Any]) -> bytes:
        """Return the PDF of a report as ``StoreReports.printed`` gives it, fonts embedded."""
        given = {"data": json.dumps({**printed, "colours": COLOURS}, ensure_ascii=False)}
        if self._compiler is None:
            self._compiler = typst.Compiler(
                str(self.template),
                root=str(self.template.parent),
                font_paths=[str(FONTS)],
                ignore_system_fonts=True,
                sys_inputs=given,
            )
        made: bytes = self._compiler.compile(format="pdf", sys_inputs=given)
        return made
