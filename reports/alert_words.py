"""Rules and what they found as sentences, the same on the board, in a mail and in a group."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from chain.alerts import Rule
from chain.metrics import METRICS
from chain.words import Lang, say
from figures import formats
from figures.look import Look
from reports.names import store_names
from warehouse.alerts import Fired
from warehouse.reads.protocol import ReadsProtocol

_ANY = {
    "store": "any_store",
    "region": "any_region",
    "platform": "any_platform",
    "chain": "the_chain",
}


@dataclass(frozen=True, slots=True)
class AlertWords:
    """Says rules and alerts to one reader, who knows some stores and regions by name."""

    lang: Lang
    currency: str
    stores: Mapping[int, str]
    regions: Mapping[int, str]

    @classmethod
    def of(cls, reads: ReadsProtocol, lang: Lang) -> "AlertWords":
        """Return the words for whoever reads by ``reads``."""
        rows = reads.regions()
        regions = {
            int(number): str((lang == "en" and english) or name)
            for number, name, english in zip(
                rows["region_id"], rows["name"], rows["name_en"], strict=True
            )
        }
        stores = store_names(lang, reads.stores())
        return cls(lang, reads.chain().currency, stores, regions)

    def rule(self, rule: Rule) -> str:
        """Return the condition of a rule: "net sales of any store is below ¥800"."""
        kind = rule.kind
        if kind == "silent" and rule.same_day:
            kind = "silent_same"  # type: ignore[assignment]
        label = METRICS[rule.metric].label(self.lang)
        running = self._say("rule.running", count=rule.days) if rule.days > 1 else ""
        words = {
            "range": {"metric": _within(self.lang, label), "what": self._what(rule)},
            "silent": {"what": self._what(rule), "at": rule.at},
            "files": {},
            "unbound": {"bound": formats.money_short(rule.bound, self.currency, self.lang)},
        }.get(rule.kind) or {
            "metric": _within(self.lang, label),
            "what": self._what(rule),
            "bound": self._bound(rule),
            "span": self._say(f"rule.span_{rule.span}"),
        }
        if "metric" in words:
            words["running"] = running
        return self._say(f"rule.{kind}", **words)

    def tell(self, rule: Rule) -> str:
        """Return the whole sentence: "Tell me when …"."""
        return self._say("rule.tell", sentence=self.rule(rule))

    def fired(self, rule: Rule, found: Fired) -> str:
        """Return what a rule found, of the last day that was looked at."""
        facts, name = found.facts, self.name(found)
        if rule.kind == "silent":
            last = facts.get("last")
            if not last:
                return self._say("fired.silent_never", name=name)
            day = formats.day(date.fromisoformat(str(last)), self.lang)
            return self._say("fired.silent", name=name, last=day)
        if rule.kind == "files":
            return self._say("fired.files", name=name)
        if rule.kind == "unbound":
            value = formats.money_short(facts["value"], self.currency, self.lang)
            return self._say("fired.unbound", value=value, count=int(facts["places"]))
        return self._say(f"fired.{rule.kind}", name=name, **self._figures(rule, found))

    def name(self, found: Fired) -> str:
        """Return what an alert is about, by its name."""
        kind, _, which = found.subject.partition(":")
        if kind == "store":
            return self.stores.get(int(which), which)
        if kind == "region":
            return self.regions.get(int(which), which)
        if kind == "platform":
            return Look(self.lang, dark=False, currency=self.currency).platform(which)
        if kind == "batch":
            return str(found.facts.get("file") or self._say("fired.file"))
        return self._say("fired.chain")

    def _figures(self, rule: Rule, found: Fired) -> dict[str, str]:
        unit = METRICS[rule.metric].unit
        value, against = found.facts.get("value"), found.facts.get("against")
        day = formats.day(found.last_day, self.lang)
        when = self._say("fired.on", day=day)
        if rule.span > 1:
            when = self._say("fired.span", day=day, count=rule.span)
        shown = {"value": self._shown(value, unit), "when": when}
        shown["against"] = self._shown(against, unit)
        if rule.kind == "range":
            return shown | {"high": self._shown(found.facts.get("high"), unit)}
        shown["metric"] = METRICS[rule.metric].label(self.lang)
        if rule.kind in {"fell", "rose"}:
            change = abs((value or 0.0) / against - 1) if against else None
            shown["change"] = formats.percent(change)
        return shown

    def _what(self, rule: Rule) -> str:
        what = self._say(f"rule.{_ANY[rule.each]}")
        if rule.stores:
            names = [self.stores.get(store, str(store)) for store in rule.stores]
        elif rule.regions:
            names = [self.regions.get(region, str(region)) for region in rule.regions]
        else:
            names = list(rule.cities)
        if not names:
            return what
        places = formats.listing(names, self.lang)
        if rule.stores and rule.each == "store":
            return places
        return self._say("rule.within", what=what, places=places)

    def _bound(self, rule: Rule) -> str:
        if rule.kind in {"fell", "rose"}:
            return formats.percent(rule.bound)
        return self._shown(rule.bound, METRICS[rule.metric].unit)

    def _shown(self, value: float | None, unit: str) -> str:
        return formats.figure(value, unit, self.currency, self.lang)

    def _say(self, key: str, **params: str | int) -> str:
        return say(self.lang, f"alerts.{key}", **params)


def _within(lang: str, label: str) -> str:
    """Return a label as it stands within a sentence."""
    return label[:1].lower() + label[1:] if lang == "en" else label
