"""The nightly job that takes away personal data whose time is up."""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import text

from chain.retention import KINDS
from warehouse import retention
from warehouse.session import Scope, Warehouse

log = structlog.get_logger(__name__)
CHUNK = 20_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """Applies each chain's rules. What is done stays done where it is killed."""

    warehouse: Warehouse

    def apply(self) -> dict[str, int]:
        """Take away what is older than the rules of its chain; return how many rows by kind."""
        found = dict.fromkeys(KINDS, 0)
        for chain_id in self._chains():
            with self.warehouse.begin(Scope(chain_id)) as connection:
                days = retention.rules(connection, chain_id)
            for kind in KINDS:
                found[kind] += self._clear(chain_id, kind, days[kind])
        log.info("retention_applied", **found)
        return found

    def _clear(self, chain_id: int, kind: str, days: int) -> int:
        total = 0
        while True:
            with self.warehouse.begin(Scope(chain_id)) as connection:
                gone = retention.clear_some(connection, kind, chain_id, days, CHUNK)
            total += gone
            # Of several tables each takes so many, so that none is left while any took something.
            if gone == 0:
                return total

    def _chains(self) -> Sequence[int]:
        with self.warehouse.directory() as connection:
            return connection.scalars(text("select chain_id from directory.chain")).all()
