"""Undo and import of one account never run at once: what one sees the other cannot take away."""

from collections.abc import Iterator

import pytest

from chain.errors import TransientError
from tests.bills import MadeBill, load, new_chain, utc
from tests.conftest import Database
from warehouse.session import Warehouse
from warehouse.undo import undo

SALE = {"external_id": "one", "gross": 500, "occurred_at": utc(3)}


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    """A warehouse on a fresh database."""
    made = Warehouse(database.app)
    yield made
    made.close()


def test_an_import_waits_for_an_open_undo(warehouse: Warehouse) -> None:
    """The same payment imported while its first batch is being undone is asked to come again."""
    scope = new_chain(warehouse)
    first = load(warehouse, scope, MadeBill([SALE]))
    with warehouse.begin(scope) as connection:
        undo(connection, scope.chain_id, first)
        with pytest.raises(TransientError):
            load(warehouse, scope, MadeBill([SALE]))
