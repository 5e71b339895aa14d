"""The Chromium of the browser tests: found, else installed, else asked for in a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of a Chromium: TILLBOARD_CHROMIUM, the machine's, or Playwright's."""
    named = os.environ.get("TILLBOARD_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return _playwrights()


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        path = Path(play.chromium.executable_path)
    return str(path) if path.is_file() else None


def install() -> None:
    """Try apt (as root), then Playwright."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", "-qq", *arguments], env=quiet, check=False)
    if find() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Make sure that there is one; the exit code is 1 where there is none."""
    if find() is None:
        print("No Chromium found; installing one for the browser tests…", flush=True)
        install()
    if find() is None:
        print(
            "The browser tests need Chromium and none could be installed. Install one (on Debian:"
            " apt install chromium) or set TILLBOARD_CHROMIUM to its path, then run make test.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
