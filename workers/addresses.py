"""Whether mail of ours may go to an address: domains of the settings, and those of the chain."""

from chain.errors import PermanentError
from chain.settings import Settings
from reports.mail import in_domains
from warehouse import subscriptions
from warehouse.session import Scope, Warehouse


def allow(warehouse: Warehouse, settings: Settings, chain_id: int, address: str) -> None:
    """Raise PermanentError ``digests.not_ours`` or ``digests.not_allowed`` where it may not."""
    if not in_domains(address, settings.digest_domains):
        raise PermanentError("digests.not_ours", address=address)
    with warehouse.begin(Scope(chain_id)) as connection:
        domains = subscriptions.domains(connection, Scope(chain_id))
    if not in_domains(address, domains):
        raise PermanentError("digests.not_allowed", address=address)
