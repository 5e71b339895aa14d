"""The jobs that the board starts, by what they do; ``workers`` says how."""

from collections.abc import Mapping
from typing import Protocol


class Jobs(Protocol):
    """Starts jobs. Each raises TransientError where the queue cannot be reached."""

    def import_batch(self, chain_id: int, batch_id: int) -> None:
        """Start the import of a received batch, or take up one again."""
        ...

    def undo_batch(self, chain_id: int, batch_id: int) -> None:
        """Start to take back everything that a batch brought."""
        ...

    def forecast(self, chain_id: int) -> None:
        """Start a forecast of the whole chain; where one is at work it goes on."""
        ...

    def mail_invitation(self, invitation_id: int) -> None:
        """Start to send an invitation by mail."""
        ...

    def mail_reset(self, user_id: int) -> None:
        """Start to send a person the link to a new password."""
        ...

    def export(self, chain_id: int, export_id: int) -> None:
        """Start an export that was asked for, or take it up again."""
        ...

    def digests(self) -> None:
        """Start to look for digests that wait: what somebody asked for goes at once."""
        ...

    def sites(self, chain_id: int) -> None:
        """Start to work out where to open next; what has not changed is not done again."""
        ...

    def advise_marketing(self, chain_id: int, plan_id: int) -> None:
        """Start to find what marketing brought back, or take it up again."""
        ...

    def ready(self) -> bool:
        """Return whether the queue answers."""
        ...

    def waiting(self) -> Mapping[str, int]:
        """Return how many jobs wait, by queue."""
        ...
