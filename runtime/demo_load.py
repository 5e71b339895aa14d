"""Loading the demo: one process writes the bills, this one imports them as they come.

The newest month comes first, by the same path as any file, two at a time. Killed at any line, it is
simply run again: what is in already changes nothing.
"""

import multiprocessing
import time
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import text

from chain.errors import TransientError
from etl.importer import Importer
from etl.spendlist import read_spend
from runtime.demo import AREAS, COMPETITORS, SPEND, count_bills, write_bills
from runtime.demo_state import demo_state, save_state
from warehouse import budgets, sites
from warehouse.session import Scope, Warehouse
from warehouse.spend import set_spend

AT_ONCE = 2
TRIES = 600
PAUSE = 0.1
CAPEX, MARGIN = 40_000_000, 0.55
"""What opening a tea shop costs in the demo (fen), and what sales leave before rent."""


def load_demo(warehouse: Warehouse, directory: Path, payer_key: str) -> Iterator[Path]:
    """Write and import the bills of the demo in ``directory``; yield each one that is in.

    Raises TransientError where the warehouse goes away, FileNotFoundError with no demo prepared.
    """
    state = demo_state(directory)
    if state is None:
        raise FileNotFoundError(directory)
    importer = Importer(warehouse, Scope(state.chain_id), payer_key)
    today = date.fromisoformat(state.today)
    of, request_id = count_bills(today), uuid.uuid4().hex
    bills = enumerate(_written(directory / "bills", today), start=1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # The board reads from the batches how far the whole series is.
        jobs = (
            pool.submit(_import, importer, path, request_id, {"nth": nth, "of": of})
            for nth, path in bills
        )
        waiting = deque(islice(jobs, AT_ONCE))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(islice(jobs, 1))
    advise_marketing(warehouse, state.chain_id, directory)
    advise_sites(warehouse, state.chain_id, directory)
    save_state(directory, replace(state, loaded=True))


def advise_marketing(warehouse: Warehouse, chain_id: int, directory: Path) -> None:
    """Take in what the demo spent on marketing, and ask for advice; a worker makes it."""
    with warehouse.begin(Scope(chain_id)) as connection:
        codes = {
            str(code): int(store)
            for store, code in connection.execute(text("select store_id, code from store"))
        }
        rows = read_spend((directory / SPEND).read_bytes(), codes, "CNY")
        set_spend(connection, chain_id, rows, "CNY")
        budgets.ask(connection, chain_id)


def advise_sites(warehouse: Warehouse, chain_id: int, directory: Path) -> None:
    """Bring in the demo's neighbourhoods and work out where it could open next."""
    from advice.sites.reading import read_areas, read_competitors  # heavy, and needed once
    from workers.sites import Sites

    areas = read_areas(directory / AREAS)
    rivals = read_competitors(directory / COMPETITORS, system="wgs84")
    with warehouse.begin(Scope(chain_id)) as connection:
        sites.keep_input(connection, chain_id, "areas", areas, AREAS, "wgs84")
        sites.keep_input(connection, chain_id, "competitors", rivals, COMPETITORS, "wgs84")
        sites.ask(connection, chain_id, sites.Assumed(CAPEX, MARGIN))
    Sites(warehouse).run(chain_id)


def _import(importer: Importer, path: Path, request_id: str, options: dict[str, int]) -> Path:
    """Import a bill; where another of the same account is on its way in, after that."""
    for attempt in range(TRIES + 1):
        try:
            for _ in importer.import_path(path, request_id=request_id, options=options):
                pass
        except TransientError:
            if attempt == TRIES:
                raise
            time.sleep(PAUSE)
        else:
            break
    return path


def _written(directory: Path, today: date) -> Iterator[Path]:
    """Yield the bills as another process completes them, so that both cores are at work."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=_write, args=(sender, directory, today), daemon=True)
    writer.start()
    sender.close()
    try:
        while name := _next(receiver):
            yield Path(name)
        writer.join()
        if writer.exitcode:
            raise RuntimeError(f"the writer of the demo's bills ended with {writer.exitcode}")
    finally:
        writer.kill()
        writer.join()


def _next(receiver: Connection) -> str | None:
    try:
        name: str = receiver.recv()
    except EOFError:
        return None
    return name


def _write(sender: Connection, directory: Path, today: date) -> None:
    for path in write_bills(directory, today=today):
        sender.send(str(path))
