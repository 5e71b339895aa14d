"""How a forecast is told in words: models, ranges, how often and by how much it misses."""

from typing import Any

from chain.words import catalogue
from dashboard.frame import Here
from dashboard.imports.words import reason
from figures import formats
from warehouse.reads.protocol import ChainInfo


def money(here: Here, chain: ChainInfo, amount: float | None) -> str:
    """Return an amount short, in the chain's currency."""
    return formats.money_short(amount, chain.currency, here.lang)


def full(here: Here, chain: ChainInfo, amount: float | None) -> str:
    """Return an amount to the cent, in the chain's currency."""
    return formats.money_full(amount, chain.currency, here.lang)


def usual(here: Here, chain: ChainInfo, low: float, high: float) -> str:
    """Return "usually between ¥8K and ¥11K"."""
    low_text, high_text = money(here, chain, low), money(here, chain, high)
    return here.say("figures.fan.usual", low=low_text, high=high_text)


def exact(here: Here, chain: ChainInfo, low: float, high: float) -> str:
    """Return both ends to the cent and what such a range is called, for a hover."""
    term = here.say("figures.fan.term")
    return f"{term}: {full(here, chain, low)} – {full(here, chain, high)}"


def model(here: Here, name: str) -> str:
    """Return a model as an owner may call it; one that we have no word for by its own name."""
    return _known(here, f"forecast.model.{name}") or name.replace("_", " ")


def driver(here: Here, name: str) -> str:
    """Return a covariate as an owner calls it: a holiday, a promotion."""
    bare = name.partition("_")[2] if name.startswith(("holiday_", "event_")) else name
    found = (f"forecast.driver.{name}", f"pages.holiday.{bare}")
    return next((word for key in found if (word := _known(here, key))), bare.replace("_", " "))


def inside(here: Here, coverage: float | None) -> str:
    """Return "81 of 100 days"."""
    if coverage is None or formats.missing(coverage):
        return formats.DASH
    return here.say("forecast.score.inside", days=round(100 * coverage))


def note(here: Here, key: str, params: dict[str, Any]) -> str:
    """Return the sentence of a note or a refusal."""
    if "model" in params:
        params = {**params, "model": model(here, str(params["model"]))}
    return reason(here.lang, key, params)


def _known(here: Here, key: str) -> str:
    return catalogue(here.lang).get(key, "")
