"""``tillboard stores``: the owner's stores from a list, as the board takes it too."""

from pathlib import Path

from sqlalchemy import text

from etl.storelist import Rules, read_list
from warehouse.session import Scope, Warehouse
from warehouse.storebook import set_store


def add_stores(warehouse: Warehouse, chain_id: int, source: Path) -> int:
    """Add the stores in ``source``, or bring those of the same code up to date; return how many.

    Needs the columns code and name; of the others those that are there. All or none is added.
    Raises PermanentError for a file or a line that is no good.
    """
    with warehouse.begin(Scope(chain_id)) as connection:
        chain = connection.execute(text("select time_zone, currency from chain")).one()
        found = read_list(source.name, source.read_bytes(), Rules(chain.time_zone, chain.currency))
        for one in found:
            set_store(connection, chain_id, one.store, one.given)
    return len(found)
