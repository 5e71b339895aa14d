"""The board as gunicorn serves it, with one callback more that does nothing, to compare with."""

from typing import Any

from dash import Dash, Input, Output

from dashboard import app as board

EMPTY = "bench-empty"


def _with_empty(*arguments: Any, **named: Any) -> Dash:
    made: Dash = _create(*arguments, **named)

    @made.callback(Output(EMPTY, "children"), Input(EMPTY, "id"))
    def nothing(given: str) -> str:
        return given

    return made


_create = board.create_app
board.create_app = _with_empty

from dashboard.wsgi import app  # noqa: E402 - after the callback is added

__all__ = ["app"]
