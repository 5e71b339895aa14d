"""What the advice is made of: files and their coordinates, costs, and the error store by store."""

from typing import Any

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from chain.money import to_major
from dashboard.loose import attributes
from figures import formats
from reports.site_words import SiteWords
from warehouse.sites import HORIZON_MONTHS, KINDS

DROP = "locations-drop"
SYSTEMS = ("wgs84", "gcj02", "bd09")
WORST = 8


def systems(shown: SiteWords) -> list[dict[str, str]]:
    """Return the coordinate systems as choices."""
    return [{"value": one, "label": shown.say(f"coordinates.{one}")} for one in SYSTEMS]


def files(shown: SiteWords) -> list[Component]:
    """Return a line for each kind of file: what there is, and the button that brings one in."""
    return [_file(shown, kind) for kind in KINDS]


def _file(shown: SiteWords, kind: str) -> Component:
    word = shown.say(f"kind.{kind}")
    there = shown.sites.files.get(kind)
    if there is None:
        said: Any = shown.say(f"kind.{kind}_none")
    else:
        rows = formats.count_full(there.rows, shown.lang)
        system = shown.say(f"coordinates.{there.system}")
        said = shown.say("page.file", name=there.name, rows=rows, system=system)
    choose = html.Button(
        shown.say("page.choose"),
        type="button",
        className="tb-action",
        **attributes(
            data_sites=kind,
            data_broken=shown.say("page.broken"),
            data_sending=shown.say("page.sending"),
            aria_label=f"{shown.say('page.choose')}: {word}",
        ),
    )
    buttons = [choose]
    if there is not None:
        buttons.append(
            html.Button(
                shown.say("page.drop"),
                id={"type": DROP, "kind": kind},
                type="button",
                className="tb-action",
                **attributes(aria_label=f"{shown.say('page.drop')}: {word}"),
            )
        )
    return html.Div(
        [html.Div([html.B(word), html.Div(said, className="muted")]), html.Div(buttons)],
        className="sites-file",
    )


def costs(shown: SiteWords) -> list[Component]:
    """Return the fields of what is taken for granted of a new store."""
    assumed = shown.sites.assumed
    capex, margin = assumed.get("capex"), assumed.get("margin")
    return [
        dmc.TextInput(
            id="locations-capex",
            label=shown.say("page.capex", currency=shown.currency),
            value="" if capex is None else f"{to_major(capex, shown.currency):f}",
        ),
        dmc.TextInput(
            id="locations-margin",
            label=shown.say("page.margin"),
            value="" if margin is None else f"{100 * margin:g}",
        ),
        dmc.TextInput(
            id="locations-months",
            label=shown.say("page.months"),
            value=str(assumed.get("months", HORIZON_MONTHS)),
        ),
    ]


def honesty(shown: SiteWords) -> list[Component]:
    """Return what is said of the fit, and the stores that were missed most."""
    detail = shown.sites.detail
    if not detail:
        return []
    order = ("sites.note.no_order", "sites.note.level", "sites.note.shortlist")
    notes = [one for one in detail.get("notes", ()) if not one["key"].startswith(order)]
    missed = [one for one in detail.get("left_out", ()) if isinstance(one["error"], float)]
    missed.sort(key=lambda one: -abs(one["error"]))
    rows = [
        html.Tr(
            [
                html.Td(shown.store(one["store"])),
                html.Td(shown.money(one["revenue"]), className="number"),
                html.Td(shown.money(one["expected"]), className="number"),
                html.Td(f"{'+' if one['error'] > 0 else '−'}{formats.percent(abs(one['error']))}",
                        className="number"),
            ]
        )
        for one in missed[:WORST]
    ]  # fmt: skip
    parts: list[Component] = [html.Ul([html.Li(text) for text in shown.notes(notes)])]
    if rows:
        names = ("store", "real", "expected", "miss")
        heads = [
            html.Th(shown.say(f"head.{name}"), scope="col",
                    className="" if name == "store" else "number")
            for name in names
        ]  # fmt: skip
        body = [html.Thead(html.Tr(heads)), html.Tbody(rows)]
        parts += [
            html.H3(shown.say("page.left_out"), className="tb-finding"),
            html.Div(html.Table(body, className="plain-table"), className="sites-wide"),
        ]
    return parts
