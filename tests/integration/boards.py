"""A board over a test database with one owner, for the tests of the board."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dash import Dash
from flask.testing import FlaskClient
from sqlalchemy import text

from chain.settings import Settings
from dashboard.app import PageMaker, create_app
from dashboard.jobs import Jobs
from dashboard.people import hash_password
from tests.conftest import Database
from warehouse.cache import FigureCache
from warehouse.reads import Reads
from warehouse.session import Scope, Warehouse

EMAIL, PASSWORD = "owner@example.com", "a long enough password"
HERE = {"Origin": "http://localhost"}
LIMIT = 1 << 20


@dataclass
class NotedJobs:
    """Keeps what was asked of it; the tests look at that."""

    asked: list[tuple[str, int, int]] = field(default_factory=list)

    def import_batch(self, chain_id: int, batch_id: int) -> None:
        self.asked.append(("import", chain_id, batch_id))

    def undo_batch(self, chain_id: int, batch_id: int) -> None:
        self.asked.append(("undo", chain_id, batch_id))

    def forecast(self, chain_id: int) -> None:
        self.asked.append(("forecast", chain_id, 0))

    def mail_invitation(self, invitation_id: int) -> None:
        self.asked.append(("invitation", 0, invitation_id))

    def mail_reset(self, user_id: int) -> None:
        self.asked.append(("reset", 0, user_id))

    def export(self, chain_id: int, export_id: int) -> None:
        self.asked.append(("export", chain_id, export_id))

    def digests(self) -> None:
        self.asked.append(("digests", 0, 0))

    def sites(self, chain_id: int) -> None:
        self.asked.append(("sites", chain_id, 0))

    def advise_marketing(self, chain_id: int, plan_id: int) -> None:
        self.asked.append(("marketing", chain_id, plan_id))

    def ready(self) -> bool:
        return True

    def waiting(self) -> Mapping[str, int]:
        return {"jobs": 0}


@dataclass
class Running:
    """The board under test."""

    app: Dash
    jobs: NotedJobs
    warehouse: Warehouse
    settings: Settings

    def client(self) -> FlaskClient:
        client: FlaskClient = self.app.server.test_client()
        return client

    def logged_in(self) -> FlaskClient:
        client = self.client()
        answer = client.post(
            "/login", data={"email": EMAIL, "password": PASSWORD, "next": "/"}, headers=HERE
        )
        assert answer.status_code == 303
        return client


@contextmanager
def running(
    database: Database,
    data: Path,
    page_makers: Sequence[PageMaker],
    queue: Jobs | None = None,
    cache: FigureCache | None = None,
    settings: Settings | None = None,
) -> Iterator[Running]:
    """Open a board for the block; its jobs are noted, or go to ``queue`` where one is given.

    Figures and answers are kept in ``cache``, or nowhere.
    """
    warehouse = Warehouse(database.app)
    with warehouse.directory() as connection:
        connection.execute(text("insert into directory.chain values (1, 'Tea')"))
        connection.execute(
            text("insert into directory.app_user (email, password_hash) values (:email, :hash)"),
            {"email": EMAIL, "hash": hash_password(PASSWORD)},
        )
        connection.execute(
            text(
                "insert into directory.membership (chain_id, user_id, role)"
                " select 1, user_id, 'owner' from directory.app_user"
            )
        )
    with warehouse.begin(Scope(1)) as connection:
        connection.execute(
            text(
                "insert into chain (chain_id, name, currency, time_zone)"
                " overriding system value values (1, 'Tea', 'CNY', 'Asia/Shanghai')"
            )
        )
    jobs = NotedJobs()
    settings = settings or Settings(data=data, upload_max_bytes=LIMIT)
    app = create_app(
        settings,
        warehouse,
        queue or jobs,
        lambda scope: Reads(warehouse, scope, cache),
        page_makers=page_makers,
        secret_key="k" * 40,
        cache=cache,
    )
    yield Running(app, jobs, warehouse, settings)
    warehouse.close()
