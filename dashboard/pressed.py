"""Which of many buttons of one kind was pressed."""

from typing import Any

from dash import ctx


def pressed() -> dict[str, Any] | None:
    """Return the id of the button that was pressed; None where it only came into being.

    Dash also calls back when a list gets new buttons; those have not been pressed, though another
    of their kind, which stands outside of the list, may have been before.
    """
    asked: Any = ctx.triggered_id
    by = ctx.triggered[0]["value"] if ctx.triggered else None
    return asked if asked and by else None
