"""The form of one rule: choices that make a sentence, which is shown while it is made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.alerts import KINDS, MEASURED, SEVERITIES, SPANS, Rule, units_of
from chain.metrics import METRICS, shown
from chain.money import exponent
from dashboard.frame import Here
from dashboard.loose import records
from reports.names import store_names
from warehouse.alerts import SavedRule

FIELDS = (
    "kind", "metric", "each", "span", "bound", "days", "at", "day", "regions", "stores",
)  # fmt: skip
"""What makes the sentence, in the order in which callbacks take it."""
MORE = ("severity", "mail", "people", "groups", "shared", "from", "to")
"""Who is told, and when."""
FRESH = SavedRule(0, 0, Rule("range", days=2), quiet_from="21:30", quiet_to="08:00")
_OVER = {"zIndex": 400}
_UNITS = {
    "store": "any_store",
    "region": "any_region",
    "platform": "any_platform",
    "chain": "the_chain",
}


@dataclass(frozen=True, slots=True)
class Needs:
    """Which fields a rule of these choices has, what its bound is in, and what it can be about."""

    metric: bool
    span: bool
    bound: str
    days: bool
    silence: bool
    places: bool
    units: tuple[str, ...]


def needs(kind: str, metric: str) -> Needs:
    """Return what the form asks for a kind and a metric."""
    measured = kind in MEASURED
    ranged = kind == "range"
    unit = METRICS[metric].unit if metric in METRICS else "money"
    bound = {"fell": "share", "rose": "share", "unbound": "money"}.get(kind, "")
    if kind in {"below", "above"}:
        bound = {"money": "money", "ratio": "percent"}.get(unit, "bound")
    return Needs(
        metric=measured and not ranged,
        span=measured and not ranged,
        bound=bound,
        days=measured and metric != "repeat_share",
        silence=kind == "silent",
        places=kind not in {"files", "unbound"},
        units=units_of(kind, metric),
    )


def rule_of(here: Here, given: Sequence[Any]) -> Rule:
    """Return the rule that the form says. Raises PermanentError ``alerts.bad_<part>``."""
    values = dict(zip(FIELDS, given, strict=True))
    kind = str(values["kind"] or "")
    metric = "net_sales" if kind == "range" else str(values["metric"] or "net_sales")
    asked = needs(kind, metric)
    each = values["each"] if values["each"] in asked.units else (*asked.units, "store")[0]
    bound = values["bound"] if asked.bound else 0
    return Rule.of(
        {
            "kind": kind,
            "metric": metric,
            "each": each,
            "span": values["span"] if asked.span else 1,
            "days": values["days"] if asked.days else 1,
            "bound": scaled(bound, asked.bound, here.reads.chain().currency),
            "at": (values["at"] or "") if asked.silence else "10:00",
            "same_day": values["day"] == "same",
            "regions": values["regions"] or () if asked.places else (),
            "stores": values["stores"] or () if asked.places else (),
        }
    )


def scaled(typed: Any, unit: str, currency: str) -> float:
    """Return a bound as it is kept: minor units, a ratio. What is no number is no rule."""
    value = float(typed) if isinstance(typed, int | float) else float("nan")
    if unit == "money":
        return value if isnan(value) else round(value * 10 ** exponent(currency))
    return value / 100 if unit in {"share", "percent"} else value


def fields(
    here: Here, saved: SavedRule, people: Mapping[int, str], groups: Mapping[int, str]
) -> list[Component]:
    """Return the form of a rule; ``people`` and ``groups`` are those of the chain, by number."""
    rule = saved.rule
    asked = needs(rule.kind, rule.metric)
    known = [*shown(here.reads.chain().terms)]
    known += [rule.metric] if rule.metric in METRICS and rule.metric not in known else []
    return [
        html.P("", id="alerts-say", className="alert-say"),
        _select(here, "kind", KINDS, rule.kind, "alerts.form.kind_{}"),
        _hidden(
            "metric",
            dmc.Select(
                id="alerts-metric",
                label=here.say("alerts.form.metric"),
                data=[{"value": one, "label": METRICS[one].label(here.lang)} for one in known],
                value=rule.metric,
                allowDeselect=False,
                searchable=True,
                comboboxProps=_OVER,
            ),
            asked.metric,
        ),
        _hidden("each", _each(here, asked.units, rule.each), len(asked.units) > 1),
        _hidden("bound", _bound(here, rule, asked), bool(asked.bound)),
        html.Div(
            [
                _hidden(
                    "span",
                    _select(here, "span", [str(one) for one in SPANS], str(rule.span),
                            "alerts.form.span_{}"),
                    asked.span,
                ),
                _hidden(
                    "days",
                    dmc.NumberInput(
                        id="alerts-days", label=here.say("alerts.form.days"), value=rule.days,
                        min=1, max=14, allowDecimal=False,
                    ),
                    asked.days,
                ),
            ],
            className="alert-pair",
        ),
        _hidden("silence", _silence(here, rule), asked.silence),
        _hidden("places", _places(here, rule), asked.places),
        *_telling(here, saved, people, groups),
        dmc.Button(here.say("alerts.page.save"), id="alerts-save", mt="md"),
    ]  # fmt: skip


def _hidden(name: str, field: Component, shown: bool) -> Component:
    return html.Div(field, id=f"alerts-has-{name}", hidden=not shown)


def _select(here: Here, name: str, values: Sequence[str], value: str, key: str) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id=f"alerts-{name}",
        label=here.say(f"alerts.form.{name}"),
        data=[{"value": one, "label": here.say(key.format(one))} for one in values],
        value=value,
        allowDeselect=False,
        comboboxProps=_OVER,
    )


def unit_choices(here: Here, units: Sequence[str]) -> list[dict[str, str]]:
    """Return what a rule can be about, as a list shows it."""
    return [{"value": one, "label": here.say(f"alerts.rule.{_UNITS[one]}")} for one in units]


def _each(here: Here, units: Sequence[str], value: str) -> Component:
    return dmc.Select(  # type: ignore[no-any-return]
        id="alerts-each",
        label=here.say("alerts.form.each"),
        data=unit_choices(here, units),
        value=value if value in units else units[0],
        allowDeselect=False,
        comboboxProps=_OVER,
    )


def bound_label(here: Here, unit: str) -> str:
    """Return what stands above the bound: what it is in."""
    currency = here.reads.chain().currency
    if unit == "money":
        return here.say("alerts.form.money", currency=currency)
    return here.say(f"alerts.form.{unit or 'bound'}")


def _bound(here: Here, rule: Rule, asked: Needs) -> Component:
    value: float = rule.bound
    if asked.bound == "money":
        value = rule.bound / 10 ** exponent(here.reads.chain().currency)
    elif asked.bound in {"share", "percent"}:
        value = round(rule.bound * 100, 6)
    return dmc.NumberInput(  # type: ignore[no-any-return]
        id="alerts-bound", label=bound_label(here, asked.bound), value=value or "",
        thousandSeparator=True,
    )  # fmt: skip


def _silence(here: Here, rule: Rule) -> Component:
    days = [
        {"value": "before", "label": here.say("alerts.form.day_before")},
        {"value": "same", "label": here.say("alerts.form.day_same")},
    ]
    return html.Div(
        [
            _time(here, "at", rule.at),
            dmc.Select(
                id="alerts-day", label=here.say("alerts.form.day"), data=days,
                value="same" if rule.same_day else "before", allowDeselect=False,
                comboboxProps=_OVER,
            ),
        ],
        className="alert-pair",
    )  # fmt: skip


def _time(here: Here, name: str, value: str, key: str = "") -> Component:
    return dmc.TextInput(  # type: ignore[no-any-return]
        id=f"alerts-{name}",
        label=here.say(f"alerts.form.{key or name}"),
        value=value,
        attributes={"input": {"type": "time"}},
    )


def _places(here: Here, rule: Rule) -> Component:
    regions = [
        {"value": str(row["region_id"]), "label": here.name(row)}
        for row in records(here.reads.regions())
    ]
    stores = here.reads.stores()
    named = store_names(here.lang, stores[~stores["unassigned"]])
    choices = [{"value": str(number), "label": name} for number, name in named.items()]
    return html.Div(
        [
            _many(here, "regions", "places", regions, rule.regions),
            _many(here, "stores", "stores", choices, rule.stores),
        ],
        className="people-who",
    )


def _many(
    here: Here, name: str, label: str, data: Sequence[Mapping[str, str]], value: Sequence[int]
) -> Component:
    return dmc.MultiSelect(  # type: ignore[no-any-return]
        id=f"alerts-{name}",
        label=here.say(f"alerts.form.{label}"),
        data=list(data),
        value=[str(one) for one in value],
        searchable=True,
        clearable=True,
        comboboxProps=_OVER,
    )


def _telling(
    here: Here, saved: SavedRule, people: Mapping[int, str], groups: Mapping[int, str]
) -> list[Component]:
    me = here.person.user_id
    others = [{"value": str(user), "label": name} for user, name in people.items() if user != me]
    chosen = [user for user in saved.tell_users if user != me and user in people]
    rooms = [{"value": str(robot), "label": name} for robot, name in groups.items()]
    written = [robot for robot in saved.tell_robots if robot in groups]
    hours = html.Div(
        [
            _time(here, "from", saved.quiet_from, "quiet_from"),
            _time(here, "to", saved.quiet_to, "quiet_to"),
        ],
        className="alert-pair",
    )
    return [
        _select(here, "severity", SEVERITIES, saved.severity, "alerts.form.severity_{}"),
        dmc.Checkbox(
            id="alerts-mail", label=here.say("alerts.form.mail_me"),
            checked=me in saved.tell_users,
        ),
        html.Div(
            [
                _many(here, "people", "people", others, chosen),
                html.Div(_many(here, "groups", "groups", rooms, written), hidden=not rooms),
                dmc.Checkbox(
                    id="alerts-shared", label=here.say("alerts.form.shared"),
                    checked=saved.shared, mt="sm",
                ),
            ],
            hidden=not here.may("tell"),
        ),
        html.Fieldset(
            [
                html.Legend(here.say("alerts.form.quiet")),
                hours,
                html.P(here.say("alerts.form.quiet_hint"), className="muted people-may"),
            ],
            className="alert-quiet",
        ),
    ]  # fmt: skip
