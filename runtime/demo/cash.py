"""Cash takings: one line a store and day, as a head office keeps them in a spreadsheet."""

from datetime import date

import numpy as np

from runtime.demo.manifest import Sums
from runtime.demo.menu import menu
from runtime.demo.payments import World
from runtime.demo.scenario import CASH_COLUMNS

CASH_SHARE = (0.035, 0.015)
"""Cash payments for each other payment, at the start and two years later."""
HEADER = ",".join(CASH_COLUMNS[name] for name in ("date", "store", "amount", "count"))


def file_name(first: date) -> str:
    """Return the file's name for the month of ``first``."""
    return f"现金收入_{first:%Y%m}.csv"


def share(days: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the cash share of each of the demo's days."""
    start, later = CASH_SHARE
    return np.maximum(start + (later - start) * np.arange(days) / 730, 0.01)


def takings(world: World, month: int) -> tuple[bytes, dict[str, Sums]]:
    """Return the month's file (UTF-8 with a byte-order mark) and its sums.

    ``count`` is how many customers paid the amount; a day without cash has no line.
    """
    start, end = world.span(month)
    rng = np.random.default_rng([world.scenario.seed, 5, month])
    wanted = world.demand.expected[:, start:end] * share(world.scenario.days)[start:end]
    counts = rng.poisson(wanted) * world.demand.reported[:, start:end]
    spread = rng.normal(1.0, 0.3 / np.sqrt(np.maximum(counts, 1)))
    # Change is given in whole yuan.
    amounts = np.maximum(counts, np.rint(counts * menu().mean(delivery=False) / 100 * spread))
    lines = [HEADER]
    total = 0
    for day in range(end - start):
        for store in np.flatnonzero(counts[:, day]):
            amount, count = int(amounts[store, day]), int(counts[store, day])
            code = world.scenario.chain.stores[store].code
            lines.append(f"{world.day(start + day)},{code},{amount}.00,{count}")
            total += amount * 100
    sums = Sums(rows=len(lines) - 1, gross=total, net=total)
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode(), {"sale": sums}
