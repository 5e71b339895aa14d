"""What the guide changes: the chain itself, and which step is next."""

from collections.abc import Mapping

from chain.errors import PermanentError
from chain.words import LANGS
from dashboard.frame import Board, Here
from dashboard.imports.changes import allow
from figures.countries import countries, currencies, zones
from warehouse.chains import GUIDE, NewChain, change_chain, set_guide

LONGEST_NAME = 80


def after(step: str) -> str:
    """Return the step that follows ``step``, '' after the last."""
    at = GUIDE.index(step) + 1
    return GUIDE[at] if at < len(GUIDE) else ""


def go(board: Board, here: Here, step: str) -> None:
    """Say which step is next, '' where the guide is over."""
    allow(here)
    with board.warehouse.begin(here.scope) as connection:
        set_guide(connection, here.scope.chain_id, step)


def save_chain(board: Board, here: Here, fields: Mapping[str, str | None]) -> None:
    """Save the chain by the texts of the form.

    Raises PermanentError naming the field that is not right.
    """
    allow(here)
    given = {name: (text or "").strip() for name, text in fields.items()}
    good = {
        "name": 0 < len(given["name"]) <= LONGEST_NAME,
        "country": given["country"] in countries("en"),
        "currency": given["currency"] in currencies("en"),
        "time_zone": given["time_zone"] in zones(),
    }
    for name, fine in good.items():
        if not fine:
            raise PermanentError(
                "start.bad",
                field=here.say(f"start.field.{name}"),
                hint=here.say(f"start.hint.{name}"),
            )
    lang = here.lang if here.lang in LANGS else "en"
    new = NewChain(given["name"], given["currency"], given["country"], given["time_zone"], lang)
    with board.warehouse.begin(here.scope) as connection:
        change_chain(connection, here.scope, new)
