"""WeChat's own browser: it saves no files, so a link to one leads to how it is done elsewhere."""

from flask import Flask, Response, request

from chain.words import Lang
from dashboard.guard import Guard, lang_of, safe_target
from dashboard.login import plain_page

FILES = frozenset(
    {"export", "report", "rejects", "export_file", "setup_template"}
    | {"targets_sheet", "spend_template", "sites_case"}
)
"""The routes whose answer is a file to save."""
ASKED_ELSEWHERE = "/in-browser"


def is_wechat(agent: str) -> bool:
    """Return whether a browser of this name is the one inside WeChat (or WeCom, which is alike)."""
    return "micromessenger" in agent.lower()


def install(server: Flask, guard: Guard) -> None:
    """Answer WeChat with a page that says what to do, before any file is made.

    ``GET /in-browser?next=PATH`` is that page for a file that a script would have saved. To be
    installed after the guard: who may not have a file at all is refused by it and by its route.
    """

    def instead() -> Response | None:
        if request.endpoint in FILES and is_wechat(request.headers.get("User-Agent", "")):
            return hint(lang_of(guard), request.full_path.rstrip("?"))
        return None

    def page() -> Response:
        return hint(lang_of(guard), safe_target(request.args.get("next")))

    server.before_request(instead)
    server.add_url_rule(ASKED_ELSEWHERE, view_func=page, endpoint="in_browser")


def hint(lang: Lang, path: str) -> Response:
    """Return the page: two steps in WeChat's menu, or the address to copy."""
    address = f"{request.host_url.rstrip('/')}{path}"
    return plain_page("wechat.html", lang, 200, address=address)
