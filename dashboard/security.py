"""Headers that tell the browser what this site may do, and nothing else."""

from collections.abc import Callable, Sequence

from flask import Flask, Response, request

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def content_policy(script_hashes: Sequence[str], tiles: str = "") -> str:
    """Return the content-security policy.

    Scripts: our files and the inline ones with these hashes. Styles may be inline, since Mantine,
    ag-grid and Plotly set them; pictures may be data (icons, saved charts), workers blobs (maps).
    ``tiles``: the origin of a server of map tiles, which the browser may ask too.
    """
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": f"'self' data: blob: {tiles}".strip(),
        "font-src": "'self' data:",
        "connect-src": f"'self' {tiles}".strip(),
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def install(
    server: Flask, script_hashes: Callable[[], Sequence[str]], *, https: bool, tiles: str = ""
) -> None:
    """Add the headers to every answer of ``server``.

    ``script_hashes`` is asked for each document, as Dash adds an inline script of its own while
    it answers the first one.
    """
    origin = "/".join(tiles.split("/")[:3])

    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        hashes = script_hashes() if response.mimetype == "text/html" else ()
        response.headers.setdefault("Content-Security-Policy", content_policy(hashes, origin))
        if https:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "Cache-Control" not in response.headers and not request.path.startswith("/assets/"):
            response.headers["Cache-Control"] = "no-store"
        return response

    server.after_request(add)
