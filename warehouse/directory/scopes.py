"""From what a person is in a chain to the stores whose rows they may touch."""

from collections.abc import Sequence

from sqlalchemy import text

from chain.roles import BOUNDED
from warehouse.session import Scope, Warehouse

_OF_REGIONS = text(
    "select store_id from store where chain_id = :chain and region_id = any(:regions)"
)


def scope_of(
    warehouse: Warehouse,
    chain_id: int,
    user_id: int,
    role: str,
    region_ids: Sequence[int] | None,
    store_ids: Sequence[int] | None,
) -> Scope:
    """Return the scope of a membership: the stores of its regions as they are now, and its own.

    A bounded role that is given nothing sees nothing; any other that is given nothing sees all.
    """
    if region_ids is None and store_ids is None and role not in BOUNDED:
        return Scope(chain_id, user_id=user_id, role=role)
    stores = set(store_ids or ())
    if region_ids:
        with warehouse.begin(Scope(chain_id)) as connection:
            stores.update(
                connection.scalars(_OF_REGIONS, {"chain": chain_id, "regions": list(region_ids)})
            )
    return Scope(chain_id, user_id=user_id, role=role, store_ids=tuple(sorted(stores)))
