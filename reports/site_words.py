"""The advice on sites as the Locations page and the opening case say it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chain.errors import PermanentError
from chain.words import Lang, Param, say
from figures import formats
from reports.names import store_names
from warehouse.reads.protocol import ChainInfo, ReadsProtocol
from warehouse.reads.sites import Sites

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SiteWords:
    """The stored advice in one reader's language.

    ``names`` and ``city_of``: of stores, by id as text. ``cities``: as the reader calls them.
    ``known``: the reader's name of a store, by the name the job knew it by.
    """

    lang: Lang
    sites: Sites
    chain: ChainInfo
    names: Mapping[str, str]
    cities: Mapping[str, str]
    known: Mapping[str, str]
    city_of: Mapping[str, str]

    @classmethod
    def of(cls, reads: ReadsProtocol, lang: Lang) -> "SiteWords":
        """Read the advice; nothing of the chain is in it for who does not see all of it."""
        sites, chain = reads.sites(), reads.chain()
        if not sites.state:
            return cls(lang, sites, chain, {}, {}, {}, {})
        stores = reads.stores()
        stores = stores[~stores["unassigned"].astype(bool)]
        names = {str(store): name for store, name in store_names(lang, stores).items()}
        rows = [
            {str(key): value for key, value in row.items()} for row in stores.to_dict("records")
        ]
        cities = {
            str(row["city"]): str((lang == "en" and row["city_en"]) or row["city"])
            for row in rows
            if row["city"]
        }
        known = {str(row["name"]): names[str(row["store_id"])] for row in rows}
        city_of = {str(row["store_id"]): str(row["city"]) for row in rows}
        return cls(lang, sites, chain, names, cities, known, city_of)

    @property
    def currency(self) -> str:
        """The chain's currency."""
        return self.chain.currency

    def say(self, key: str, /, **params: Param) -> str:
        """Return ``sites.<key>``."""
        return say(self.lang, f"sites.{key}", **params)

    def money(self, minor: float | None) -> str:
        """Return an amount, short; a dash for nothing."""
        return formats.money_short(minor, self.currency, self.lang)

    def store(self, number: str) -> str:
        """Return the name of a store."""
        return self.names.get(str(number), str(number))

    def name(self, row: Row) -> str:
        """Return the name of a suggestion, its city as the reader calls it."""
        name = str(row["name"])
        city, _, rest = name.rpartition(" ")
        return f"{self.cities[city]} {rest}" if city in self.cities else name

    def notes(self, notes: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return sentences that the job stored, stores named as the reader does."""
        found = []
        for note in notes:
            params = dict(note["params"])
            if "store" in params:
                params["store"] = self.known.get(str(params["store"]), params["store"])
            if "feature" in params:
                params["feature"] = self.feature(str(params["feature"]))
            found.append(say(self.lang, note["key"], **params))
        return found

    def feature(self, name: str) -> str:
        """Return a known feature of areas in words, another as its file calls it."""
        return self.say(f"feature.{name}") if name in {"income", "rent"} else name

    def pay_back(self, row: Row) -> str:
        """Return how soon it pays back, in words."""
        if row["pay_back"] is None:
            return self.say("page.pay_unknown")
        chance = formats.percent(row["pay_back_chance"])
        months = int(self.sites.assumed.get("months", 36))
        within = self.say("page.pay_chance", chance=chance, months=months)
        if row["pay_back"] == "never":
            return f"{self.say('page.pay_never')} · {within}"
        low, high = row["pay_back_low"], row["pay_back_high"]
        if high == "never":
            return f"{self.say('page.pay_from', low=round(low))} · {within}"
        return f"{self.say('page.pay', low=round(low), high=round(high))} · {within}"

    def between(self, row: Row, what: str = "revenue") -> str:
        """Return the range of 80 % of outcomes in words."""
        low, high = self.money(row[f"{what}_low"]), self.money(row[f"{what}_high"])
        return self.say("page.between", low=low, high=high)

    def error(self) -> str:
        """Return how wrong it was on the stores there are, in words."""
        error = self.sites.detail.get("error")
        if error is None:
            return self.say("page.error_unknown")
        return self.say("page.error", percent=formats.percent(error))


def losses_of(row: Row) -> list[tuple[str, float]]:
    """Return what each sister store would lose, by its number, the most first."""
    # PostgreSQL keeps the keys of JSON in an order of its own.
    return sorted(row["losses"].items(), key=lambda loss: (-loss[1], loss[0]))


def suggestion(words: SiteWords, number: int) -> Row:
    """Return a suggestion by its number. Raises PermanentError ``sites.no_such``."""
    for row in words.sites.suggestions:
        if int(row["number"]) == number:
            return row
    raise PermanentError("sites.no_such")
