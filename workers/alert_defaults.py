"""The rules that a chain starts with; each may be changed, paused or taken away."""

from chain.alerts import Rule, Severity
from chain.money import exponent
from warehouse.alerts import SavedRule

QUIET = ("21:30", "08:00")


def defaults(owner: int, currency: str) -> list[SavedRule]:
    """Return the first rules, of the chain's first owner; everybody has them on the board.

    The owner gets a mail of what wants doing today; the rest is on the board alone.
    """
    unit = 10 ** exponent(currency)
    rules: list[tuple[str, Severity, bool, Rule]] = [
        ("range", "warning", True, Rule("range", days=2)),
        ("silent", "warning", True, Rule("silent", at="10:00")),
        ("files", "warning", True, Rule("files")),
        (
            "fees",
            "warning",
            True,
            Rule("rose", metric="fee_rate", each="platform", span=7, bound=0.2),
        ),
        ("unbound", "note", False, Rule("unbound", bound=float(100 * unit))),
        ("refunds", "note", False, Rule("above", metric="refund_rate", span=7, bound=0.08)),
    ]
    return [
        SavedRule(
            0, owner, rule, severity, shared=True, tell_users=(owner,) if mailed else (),
            quiet_from=QUIET[0], quiet_to=QUIET[1], origin=f"start:{name}",
        )
        for name, severity, mailed, rule in rules
    ]  # fmt: skip
