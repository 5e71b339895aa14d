"""The board as one Flask server with Dash in it; everything it needs comes as arguments."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from html import escape
from typing import Any, cast

import dash
from dash import Dash, dcc, html
from dash.development.base_component import Component
from flask import Flask, g
from werkzeug.middleware.proxy_fix import ProxyFix

from chain.errors import TransientError
from chain.settings import Settings
from chain.words import say
from dashboard import errors, security, shell, statics, timing, wechat
from dashboard.account import AccountPage
from dashboard.answers import Answers
from dashboard.api.server import Api
from dashboard.digestroutes import DigestRoutes
from dashboard.exporting import Exporting
from dashboard.exportjobs import ExportJobs
from dashboard.frame import Board, Here, Page, ReadsFor
from dashboard.guard import Guard, here
from dashboard.health import Health
from dashboard.jobs import Jobs
from dashboard.links import Links
from dashboard.login import Login
from dashboard.people import People
from dashboard.second import Second
from dashboard.signon import SignOn
from dashboard.throttle import Throttle
from dashboard.upload import Upload
from warehouse.cache import FigureCache
from warehouse.session import Warehouse
from warehouse.telemetry import metrics_text

PageMaker = Callable[[Dash, Board], Page]
EXTENSION = "tillboard_pages"
LOGIN_TRIES, LOGIN_SECONDS = 20, 300


class BoardApp(Dash):
    """Dash with our document around it: its language, its theme, a frame while scripts load."""

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]
        """Return the document that the browser starts with."""
        known = "here" in g
        lang = "zh-CN" if known and here().lang == "zh" else "en"
        chain = here().scope.chain_id if known else ""
        old = escape(say(lang[:2], "start.wechat.too_old"))
        return f"""<!doctype html>
<html lang="{lang}" data-chain="{chain}" data-old="{old}">
<head>
{parts["metas"]}
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex">
<title>Tillboard</title>
<link rel="icon" href="{statics.asset("mark.svg")}" type="image/svg+xml">
<script src="{statics.asset("theme.js")}"></script>
<script src="{statics.asset("older.js")}"></script>
<link rel="stylesheet" href="{statics.tokens_address()}">
{parts["css"]}
</head>
<body>
<div id="react-entry-point"><div class="_dash-loading"></div></div>
<div>{parts["config"]}{parts["scripts"]}{parts["renderer"]}</div>
</body>
</html>"""


def create_app(
    settings: Settings,
    warehouse: Warehouse,
    jobs: Jobs,
    reads_for: ReadsFor,
    *,
    page_makers: Sequence[PageMaker],
    secret_key: str,
    cache: FigureCache | None = None,
) -> Dash:
    """Return the board. ``app.server`` is what gunicorn serves.

    ``reads_for(scope)`` gives the reads of one person's scope; ``secret_key`` signs log-ins;
    answers of callbacks are kept in ``cache`` where there is one.
    """
    server = _server(settings, secret_key)
    people = People(warehouse, settings.session_hours, Second(warehouse, secret_key))
    guard = Guard(settings, people, reads_for)
    timing.install(server)
    guard.install(server)
    answers = Answers(cache)
    answers.install(server)
    statics.install(server)
    errors.install(server, guard)
    Health(warehouse, jobs, _measure(jobs), settings.trusted_proxies).install(server)
    throttle = Throttle(LOGIN_TRIES, LOGIN_SECONDS, settings.cache_url or settings.broker_url)
    Login(settings, people, guard, throttle).install(server)
    Links(settings, people, guard, throttle, jobs).install(server)
    AccountPage(people, guard).install(server)
    DigestRoutes(settings, warehouse, guard, reads_for).install(server)
    SignOn(settings, people, guard).install(server)
    Upload(settings, warehouse, jobs).install(server)
    Api(settings, warehouse, guard, reads_for).install(server)
    export_jobs = ExportJobs(settings, warehouse, jobs, secret_key)
    export_jobs.install(server)
    Exporting(settings, export_jobs.ask).install(server)
    wechat.install(server, guard)
    app = BoardApp(
        __name__,
        server=cast("Any", server),
        use_pages=True,
        pages_folder="",
        suppress_callback_exceptions=True,
        include_pages_meta=False,
        assets_ignore=r"theme\.js|older\.js|plain\.css",
        title="Tillboard",
        update_title="",
        on_error=errors.on_error(guard),
        add_log_handler=False,
    )
    board = Board(here, warehouse, jobs, settings)
    pages = sorted((make(app, board) for make in page_makers), key=lambda page: page.order)
    server.extensions[EXTENSION] = {page.key: page for page in pages}
    for page in pages:
        _declare(page)
    dash.register_page(  # type: ignore[no-untyped-call]
        "dashboard.not_found_404", path="/404", layout=_missing, title=_title(None)
    )
    shell.register(app)
    app.layout = _document(pages)
    answers.know(app)
    security.install(
        server, app.csp_hashes, https=settings.secure_cookies, tiles=settings.map_tiles or ""
    )
    return app


def _document(pages: Sequence[Page]) -> Callable[[], Component]:
    # Dash's own script reads a title from its store, also where nothing has been put there yet.
    dash.page_container["_pages_store"].data = {"title": "Tillboard"}

    def make() -> Component:
        # Dash tries the layout at its first request, whoever that is from.
        return shell.layout(here(), pages) if "here" in g else html.Div(dash.page_container)

    return make


def _measure(jobs: Jobs) -> Callable[[], bytes]:
    def measure() -> bytes:
        try:
            return metrics_text(jobs.waiting)
        except TransientError:
            return metrics_text()

    return measure


def _server(settings: Settings, secret_key: str) -> Flask:
    server = Flask("dashboard")
    server.config.update(
        SECRET_KEY=secret_key,
        SESSION_COOKIE_NAME="tillboard_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        MAX_CONTENT_LENGTH=None,
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        wrapped = ProxyFix(server.wsgi_app, x_for=count, x_proto=count, x_host=count)
        server.wsgi_app = wrapped  # type: ignore[method-assign]
    return server


def _declare(page: Page) -> None:
    # Dash keeps one registry for the process, so what it holds looks the page up in the server
    # that answers: two boards in one process do not mix.
    variable = "<" in page.path
    dash.register_page(  # type: ignore[no-untyped-call]
        f"dashboard.pages.{page.key}",
        path=None if variable else page.path,
        path_template=page.path if variable else None,
        order=page.order,
        title=_title(page.key),
        layout=_layout(page.key),
    )


def _layout(key: str) -> Callable[..., Component]:
    def make(**variables: Any) -> Component:
        page = cast("dict[str, Page]", _current().extensions[EXTENSION])[key]
        current = here()
        if page.right and not current.may(page.right):
            return _not_for_you(current)
        wanted = {name: str(variables[name]) for name in _names(page.path) if name in variables}
        return page.layout(current, **wanted)

    return make


def _title(key: str | None) -> Callable[..., str]:
    def make(**_variables: Any) -> str:
        current: Here = here()
        name = f"dashboard.page.{key}" if key else "dashboard.error.404.title"
        return f"{current.say(name)} · Tillboard"

    return make


def _missing(**_variables: Any) -> Component:
    current = here()
    return html.Div(
        [
            html.P(current.say("dashboard.error.404.text")),
            dcc.Link(current.say("dashboard.error.home"), href="/", className="button-main"),
        ],
        className="empty card",
    )


def _not_for_you(current: Here) -> Component:
    return html.Div(
        [
            html.P(current.say("dashboard.error.not_for_you")),
            dcc.Link(current.say("dashboard.error.home"), href="/", className="button-main"),
        ],
        className="empty card",
    )


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("<")]


def _current() -> Flask:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]  # noqa: SLF001
