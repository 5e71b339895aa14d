"""A pin: what a store would bring at any place, by the market that the job stored."""

from collections import OrderedDict
from threading import Lock
from typing import Any

from chain.errors import PermanentError
from chain.money import parse_amount
from dashboard.frame import Here
from reports.site_words import Row, SiteWords

_KEPT: "OrderedDict[tuple[int, str], Any]" = OrderedDict()
_MOST = 4
_LOCK = Lock()


def market_of(here: Here) -> Any:
    """Return the stored market; read from bytes once a process for each state of the advice.

    Whether the reader may see it the server says each time. Raises PermanentError
    ``sites.not_ready``.
    """
    from advice.sites import loads  # what models need is loaded by who asks

    fingerprint = here.reads.sites_market_version()
    if not fingerprint:
        raise PermanentError("sites.not_ready")
    key = (here.scope.chain_id, fingerprint)
    with _LOCK:
        if key in _KEPT:
            _KEPT.move_to_end(key)
            return _KEPT[key]
    stored = here.reads.sites_market()
    if stored is None:
        raise PermanentError("sites.not_ready")
    market = loads(stored[1])
    with _LOCK:
        _KEPT[here.scope.chain_id, stored[0]] = market
        while len(_KEPT) > _MOST:
            _KEPT.popitem(last=False)
    return market


def place_of(lat: Any, lon: Any) -> tuple[float, float]:
    """Return a typed place. Raises PermanentError ``sites.bad_place``."""
    try:
        found = float(str(lat).strip()), float(str(lon).strip())
    except ValueError as error:
        raise PermanentError("sites.bad_place") from error
    if not (-90 <= found[0] <= 90 and -180 <= found[1] <= 180):
        raise PermanentError("sites.bad_place")
    return found


def amount_of(typed: Any, currency: str) -> int | None:
    """Return a typed amount in minor units, None for none. Raises PermanentError."""
    text = str(typed or "").strip()
    if not text:
        return None
    try:
        amount = parse_amount(text, currency)
    except ValueError as error:
        raise PermanentError("sites.bad_assumed") from error
    if amount < 0:
        raise PermanentError("sites.bad_assumed")
    return amount


def answer(here: Here, shown: SiteWords, lat: float, lon: float, rent: int | None = None) -> Row:
    """Return one row like a stored suggestion for a place in WGS-84.

    With no rent the usual one of own stores of the nearest city is taken.
    Raises PermanentError for a place that cannot be scored.
    """
    import pandas as pd

    from advice.sites import suggest
    from advice.sites.proposing import city_and_rent
    from advice.sites.rows import as_plain

    market = market_of(here)
    asked = pd.DataFrame({"candidate": ["pin"], "lat": [lat], "lon": [lon]})
    _, usual = city_and_rent(market, asked)
    assumed = shown.sites.assumed
    asked["rent"] = float(rent) if rent is not None else usual
    asked["name"] = f"{lat:.4f}, {lon:.4f}"
    if assumed.get("capex") is not None:
        asked["capex"] = float(assumed["capex"])
    table = suggest(
        market, asked, margin=assumed.get("margin"), horizon_months=int(assumed.get("months", 36))
    )
    return as_plain(table.to_dict("records")[0], proposed=True) | {"number": 0}
