"""Addresses of the board's views, for links in what leaves it."""

from urllib.parse import urlencode

from chain.days import Period


def view(
    board: str,
    path: str,
    period: Period | None = None,
    *,
    against: Period | None = None,
    metric: str = "",
    stores: tuple[int, ...] = (),
) -> str:
    """Return the address of a page of the board at ``board``, showing exactly this.

    In the words of ``dashboard.choice``, which reads it. ``period`` is given by its days: a name
    such as "yesterday" would show something else tomorrow. ``against`` None: the whole weeks
    before.
    """
    asked: dict[str, str | list[str]] = {}
    if period is not None:
        asked["period"] = f"{period.start}..{period.end}"
    if against is not None:
        asked["against"] = f"{against.start}..{against.end}"
    if metric:
        asked["metric"] = metric
    if stores:
        asked["store"] = [str(store) for store in stores]
    base, _, rest = path.partition("#")
    query = f"?{urlencode(asked, doseq=True)}" if asked else ""
    return f"{board.rstrip('/')}{base}{query}" + (f"#{rest}" if rest else "")
