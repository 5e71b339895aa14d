"""What is told of the advice on marketing money."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice on the marketing budget; ``plan`` is empty until it is done.

    ``plan``: ``response`` (``advice.marketing.Response`` as JSON text), ``fit_seconds``.
    """

    plan_id: int
    state: str
    made_at: datetime
    plan: dict[str, Any]
    error_key: str
    error_params: dict[str, Any]
