"""Imports, undoes a batch or binds a terminal, and dies over it: ordered by ``test_kill``.

An order has ``url``, ``data``, ``chain``, ``batch``, ``split_bytes`` (from which size a file has
two parts), and ``work``: ``import``, ``undo`` or ``bind``.
"""

from pathlib import Path

from sqlalchemy import text

from chain.settings import Settings
from tests.integration.killing import Order, obey
from warehouse.binding import bind
from warehouse.session import Scope, Warehouse
from workers.imports import Imports


def follow(order: Order) -> None:
    """Do what the order says."""
    settings = Settings(data=Path(order["data"]), split_import_bytes=order["split_bytes"])
    warehouse = Warehouse(order["url"])
    imports = Imports(warehouse, settings, "k" * 32)
    if order["work"] == "import":
        imports.run(order["chain"], order["batch"])
    elif order["work"] == "undo":
        imports.undo(order["chain"], order["batch"])
    else:
        bind_terminal(warehouse, Scope(order["chain"]))


def bind_terminal(warehouse: Warehouse, scope: Scope) -> None:
    """Say that the terminal T01 is the store B, whose days end at four."""
    with warehouse.begin(scope) as connection:
        account = connection.scalars(text("select account_id from account")).one()
        store = connection.scalars(text("select store_id from store where code = 'B'")).one()
        bind(connection, account_id=account, ref_kind="terminal", ref="T01", store_id=store)


if __name__ == "__main__":
    obey(follow)
