"""How far the demo of an installation is; light, for every start asks."""

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from runtime.embedded.place import write_private
from warehouse.session import Warehouse

STATE = "state.json"


@dataclass(frozen=True, slots=True)
class DemoState:
    """The demo of one installation; ``today`` stays what it was, or the bills would differ."""

    today: str
    chain_id: int
    loaded: bool = False


def demo_state(directory: Path) -> DemoState | None:
    """Return the state of the demo in ``directory``, None where there is none."""
    file = directory / STATE
    return DemoState(**json.loads(file.read_text())) if file.exists() else None


def prepare_demo(warehouse: Warehouse, directory: Path, today: date) -> DemoState:
    """Make the demo chain where it is missing."""
    found = demo_state(directory)
    if found is None:
        from runtime.demo import describe  # heavy, and needed once
        from runtime.demo_setup import create_demo_chain

        chain_id = create_demo_chain(warehouse, describe(today))
        found = DemoState(today.isoformat(), chain_id)
        save_state(directory, found)
    return found


def save_state(directory: Path, state: DemoState) -> None:
    """Write the state, whole or not at all."""
    directory.mkdir(parents=True, exist_ok=True)
    write_private(directory / STATE, json.dumps(asdict(state)))
