"""Readers that click: each sends one callback, waits for the answer, thinks, and sends the next."""

import http.client
import json
import random
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chain.metrics import METRICS

METRIC_NAMES = tuple(name for name, one in METRICS.items() if one.series)


@dataclass(frozen=True)
class Click:
    """One callback of a page: ``output`` begins its name in the list of callbacks.

    ``filters``: what it shows depends on the reader's choice.
    """

    name: str
    output: str
    filters: bool = True


CLICKS = (
    Click("overview head", "overview-head", filters=False),
    Click("overview daily", "overview-daily", filters=False),
    Click("overview stores", "overview-stores", filters=False),
    Click("stores table", "stores-sentence"),
    Click("stores ranks", "stores-ranks"),
    Click("store days", "store-head"),
    Click("store platforms", "store-mix"),
    Click("store hours", "store-hours"),
    Click("imports", "imports-sentence", filters=False),
)
EMPTY = Click("empty", "bench-empty")


@dataclass(frozen=True)
class Board:
    """Where the board answers, who is logged in, and which callbacks there are."""

    port: int
    cookie: str
    callbacks: Sequence[Mapping[str, Any]]

    def body(self, click: Click, values: Mapping[str, Any]) -> bytes:
        """Return what the browser would send. Raises LookupError for a callback that is gone."""
        for known in self.callbacks:
            if known["output"].strip(".").startswith(click.output + "."):
                break
        else:
            raise LookupError(f"the board has no callback for {click.output}")
        multi = known["output"].startswith("..")
        named = [_target(each) for each in known["output"].strip(".").split("...")]
        given = [_given(each, values) for each in known["inputs"]]
        return json.dumps(
            {
                "output": known["output"],
                "outputs": named if multi else named[0],
                "inputs": given,
                "changedPropIds": [f"{given[0]['id']}.{given[0]['property']}"],
                "state": [_given(each, values) for each in known.get("state", [])],
            }
        ).encode()


def _target(name: str) -> dict[str, str]:
    component, _, prop = name.rpartition(".")
    return {"id": component, "property": prop.split("@")[0]}


def _given(known: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {**known, "value": values.get(known["id"])}


def log_in(port: int, email: str, password: str) -> Board:
    """Log in at ``port`` and read which callbacks the board has.

    Raises RuntimeError where the board does not let us in.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(
        "POST",
        "/login",
        urllib.parse.urlencode({"email": email, "password": password}),
        {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"},
    )
    answer = connection.getresponse()
    answer.read()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    if answer.status != 303 or not cookie:
        raise RuntimeError(f"log-in was answered with {answer.status}")
    connection.request("GET", "/_dash-dependencies", headers={"Cookie": cookie})
    callbacks = json.loads(connection.getresponse().read())
    return Board(port, cookie, callbacks)


@dataclass
class Asker:
    """Makes up what a reader asks for: a period of ``days``, a metric, regions or cities."""

    days: int
    first: date
    last: date
    stores: Sequence[int]
    regions: Sequence[int]
    dice: random.Random

    def values(self) -> dict[str, Any]:
        """Return values by component id; hardly ever the same twice."""
        days = self.days - self.dice.randint(0, min(6, self.days // 4))
        room = (self.last - self.first).days - 2 * days
        back = self.dice.randint(0, max(0, min(room, 240)))
        end = self.last - timedelta(days=back)
        start = max(self.first, end - timedelta(days=days - 1))
        where: dict[str, list[str]] = self.dice.choice(
            (
                {},
                {"region": [str(self.dice.choice(self.regions))]},
                {"city": [f"城市{at}" for at in self.dice.sample(range(20), 2)]},
            )
        )
        return {
            "filters": {
                "period": f"{start}..{end}",
                "metric": self.dice.choice(METRIC_NAMES),
                **where,
            },
            "theme": "light",
            "store-id": self.dice.choice(self.stores),
            "overview-there": True,
            "imports-page": 1,
            "imports-tick": 0,
            "bench-empty": "bench-empty",
        }


@dataclass
class Took:
    """Milliseconds by click, and what was not answered with 200 (or 204: nothing to change)."""

    by_click: dict[str, list[float]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, click: Click, seconds: float, status: int) -> None:
        """Keep one answer."""
        with self.lock:
            self.by_click.setdefault(click.name, []).append(seconds * 1000)
            if status not in {200, 204}:
                self.refused.append(f"{click.name}: {status}")

    def table(self) -> dict[str, dict[str, float]]:
        """Return count, p50 and p95 in milliseconds by click."""
        return {
            name: {
                "n": len(times),
                "p50": round(quantile(times, 0.5), 1),
                "p95": round(quantile(times, 0.95), 1),
            }
            for name, times in sorted(self.by_click.items())
        }

    def whole(self) -> dict[str, float]:
        """Return p50 and p95 over all clicks."""
        times = [each for some in self.by_click.values() for each in some]
        return {"p50": round(quantile(times, 0.5), 1), "p95": round(quantile(times, 0.95), 1)}


def quantile(times: Sequence[float], share: float) -> float:
    """Return the ``share`` quantile: the smallest time that so many did not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def click_on(
    board: Board,
    clicks: Sequence[Click],
    askers: Sequence[Asker],
    seconds: float,
    think: float,
    before: Callable[[], None],
) -> Took:
    """Let as many readers as ``askers`` click for ``seconds``.

    ``before`` runs before each click on what knows no filters. Each reader goes round all
    ``clicks`` from a place of its own, and always once round at least.
    """
    took = Took()
    end = time.perf_counter() + seconds

    def read(number: int, asker: Asker) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", board.port, timeout=120)
        time.sleep(think * number / len(askers))
        at = number
        while time.perf_counter() < end or at < number + len(clicks):
            click = clicks[at % len(clicks)]
            body = board.body(click, asker.values())
            if not click.filters:
                before()
            started = time.perf_counter()
            status = _send(connection, board, body)
            took.note(click, time.perf_counter() - started, status)
            at += 1
            time.sleep(think)
        connection.close()

    readers = [
        threading.Thread(target=read, args=(number, asker)) for number, asker in enumerate(askers)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return took


def _send(connection: http.client.HTTPConnection, board: Board, body: bytes) -> int:
    connection.request(
        "POST",
        "/_dash-update-component",
        body,
        {
            "Content-Type": "application/json",
            "Cookie": board.cookie,
            "Sec-Fetch-Site": "same-origin",
            "Accept-Encoding": "gzip",
        },
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status
