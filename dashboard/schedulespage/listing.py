"""The schedules of a reader in words, with what may be done about each."""

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from chain.metrics import METRICS
from chain.words import catalogue
from dashboard.choice import UNKNOWN
from dashboard.frame import Board, Here
from dashboard.loose import attributes, records
from figures import formats
from figures.look import Look
from reports.mail import mail_server
from reports.names import some, store_names
from warehouse import export_schedules
from warehouse.export_schedules import Saved

DO = "schedules-do"
KINDS = {"xlsx": "Excel", "csv": "CSV", "parquet": "Parquet"}


def listing(here: Here, board: Board) -> list[Component]:
    """Return the reader's schedules in words."""
    if not here.may("export"):
        return [html.P(here.say("reports.not_allowed"))]
    with board.warehouse.begin(here.scope) as connection:
        saved = export_schedules.of_chain(connection, here.scope.chain_id)
    if not saved:
        return [html.P(here.say("reports.schedule.none"), className="muted")]
    rows = html.Ul([_row(here, each) for each in saved], className="alert-rules")
    if mail_server(board.settings) is not None:
        return [rows]
    return [rows, html.P(here.say("reports.schedule.no_mail"), className="muted")]


def _row(here: Here, saved: Saved) -> Component:
    said = sentence(here, saved)
    names = ("change", "go_on" if saved.paused else "pause", "remove")
    doing = [
        button(name, saved.schedule_id, here.say(f"reports.schedule.{name}"), said)
        for name in names
    ]
    under = where(here, saved.choice)
    if saved.paused:
        under = [here.say("reports.schedule.paused"), *under]
    words = [html.Span(said, className="alert-rule")]
    if under:
        words.append(html.Span(" · ".join(under), className="muted alert-under"))
    return html.Li(
        [
            html.Div(words, className="alert-words"),
            html.Div(doing, className="people-acts"),
        ],
        className="alert-paused" if saved.paused else "",
    )


def sentence(here: Here, saved: Saved) -> str:
    """Return a schedule in words."""
    table, _, kind = saved.what.partition(".")
    what = name_of(here, table)
    if table not in {"reports", "payments"}:
        metric = METRICS[str(saved.choice.get("metric", "net_sales"))].label(here.lang)
        what = here.say(f"reports.title.{table}", metric=metric)
    if kind:
        what = f"{what} ({KINDS[kind]})"
    name = f"whole_{saved.rhythm}" if saved.span == "whole" else saved.span
    words: dict[str, str | int] = {
        "at": f"{saved.at:%H:%M}",
        "what": what,
        "span": here.say(f"reports.schedule.{name}"),
    }
    if saved.rhythm == "weekly":
        words["weekday"] = formats.weekday(saved.weekday, here.lang, wide=here.lang == "en")
    if saved.rhythm == "monthly":
        words["day"] = saved.month_day
    return here.say(f"reports.schedule.{saved.rhythm}", **words)


def name_of(here: Here, table: str) -> str:
    """Return what an export is called."""
    section = "schedule" if table == "reports" else "button"
    return here.say(f"reports.{section}.{table}")


def where(here: Here, choice: Mapping[str, Any]) -> list[str]:
    """Return what narrows an export, a text each."""
    look, words = Look(here.lang, dark=False, currency=""), catalogue(here.lang)
    found: list[str] = []

    def add(names: list[str]) -> None:
        found.extend([formats.listing(names, here.lang)] if names else [])

    if regions := set(choice.get("regions") or ()):
        rows = records(here.reads.regions())
        add([here.name(row) for row in rows if row["region_id"] in regions])
    if cities := choice.get("cities"):
        named = {str(row["city"]): here.name(row, "city") for row in records(here.reads.cities())}
        add([named.get(city, city) for city in cities])
    add([here.say(f"dashboard.ownership.{one}") for one in choice.get("ownership") or ()])
    if stores := choice.get("stores"):
        add([some(here.lang, stores, store_names(here.lang, here.reads.stores()))])
    add([look.platform(code) for code in choice.get("platforms") or ()])
    channels = dict.fromkeys(code or UNKNOWN for code in choice.get("channels") or ())
    add([words.get(f"dashboard.channel.{code}") or code for code in channels])
    return [each for each in found if each]


def button(what: str, number: int, word: str, label: str) -> Component:
    """Return a button of the list, or with number 0 the one that opens an empty form."""
    said = attributes(aria_label=f"{word}: {label}") if label else {}
    return html.Button(
        word,
        id={"type": DO, "what": what, "number": number},
        className="people-do" if number else "tb-button",
        type="button",
        **said,
    )
