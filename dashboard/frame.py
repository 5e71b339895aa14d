"""What a page is, and what it is given. Pages are built against this module alone.

A page is a module in ``dashboard.pages`` with one function::

    def page(app: Dash, board: Board) -> Page:
        @app.callback(Output("stores-table", "children"), Input(FILTERS, "data"))
        @kept
        def fill(data: dict[str, Any] | None) -> Component:
            here = board.here()
            filters = here.choice(data).filters(here.reads.chain())
            return table(here.reads.by_store(filters), here.lang)

        return Page(key="stores", path="/stores", icon="stores", layout=layout)

``page`` registers the page's callbacks on ``app`` and returns its declaration; nothing happens at
import. ``layout(here, **variables)`` is called on each visit, logged in, with the variables of the
path (``/store/<store_id>``) as strings; it should answer at once, with skeletons of the right size
(``dashboard.skeletons``) that callbacks fill. The title of the page is the word
``dashboard.page.<key>``.

Ids of components begin with the page's key (``stores-table``). Ids every page may use:

``dashboard.answers.kept`` is for a callback that only draws what it reads of ``here`` and its
arguments: the same question is then answered from the cache until something changes.

* ``FILTERS``: ``dcc.Store``, what the filter bar shows, see ``dashboard.choice``. Its value is
  there before the page's layout is; it changes when the reader changes the bar.
* ``THEME``: ``dcc.Store``, "light" or "dark". A callback that draws a figure takes it as an Input
  (``here.theme`` says the same), so that figures are drawn again when the reader switches.

A link to a page is ``here.href("/store/7", choice)``. A callback that fails is answered with a
sentence in a notification (``TillboardError``s with their own), never with a trace; it need not
catch anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

from dash.development.base_component import Component

from chain.roles import Right, may
from chain.settings import Settings
from chain.words import Lang, Param, say
from dashboard.choice import Choice
from dashboard.jobs import Jobs
from warehouse.reads.protocol import ReadsProtocol
from warehouse.session import Scope, Warehouse

FILTERS = "filters"
THEME = "theme"

Theme = Literal["light", "dark"]
FilterName = Literal[
    "period", "against", "region", "city", "ownership", "store", "platform", "channel", "metric"
]
ALL_FILTERS: tuple[FilterName, ...] = get_args(FilterName)
"""In the order in which the bar shows them."""

ReadsFor = Callable[[Scope], ReadsProtocol]


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in, in the chain of ``scope``.

    ``leaves_at``: when the chain is to be removed, where it is. ``chains``: number and name of all
    that they are in.
    """

    user_id: int
    email: str
    name: str
    lang: Lang
    session_id: int
    scope: Scope
    leaves_at: datetime | None = None
    chains: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Here:
    """One request: who asks, in which language and theme, and what they may read.

    ``request_id`` is carried into the log and on to the jobs that the request starts.
    """

    person: Person
    lang: Lang
    theme: Theme
    reads: ReadsProtocol
    request_id: str

    @property
    def scope(self) -> Scope:
        """Whose rows may be seen."""
        return self.person.scope

    def may(self, right: Right) -> bool:
        """Return whether the reader's role has ``right``."""
        return may(self.person.scope.role, right)

    def say(self, key: str, /, **params: Param) -> str:
        """Return the sentence ``key`` in the reader's language."""
        return say(self.lang, key, **params)

    def choice(self, data: Mapping[str, Any] | None) -> Choice:
        """Read the value of the ``FILTERS`` store."""
        return Choice.of(data)

    def href(self, path: str, choice: Choice | None = None) -> str:
        """Return the address of a page that shows the same choice."""
        return f"{path}?{choice.query()}" if choice else path

    def name(self, row: Mapping[str, Any], column: str = "name") -> str:
        """Return ``row[column]``, or its English (``<column>_en``) where there is one."""
        english = str(row.get(f"{column}_en") or "") if self.lang == "en" else ""
        return english or str(row[column])


class Layout(Protocol):
    """Makes the page's components; variables of the path come by name."""

    def __call__(self, here: Here, /, **variables: str) -> Component:
        """Return the page for one visit."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """One page. ``icon`` None keeps it out of the menus; ``order`` sorts them.

    ``filters`` are the parts of the filter bar that the page obeys; with none it is hidden.
    Who has not ``right`` does not find the page in the menu, and is told so on it.
    ``every_metric``: its address may name a metric that is in no list of the bar.
    """

    key: str
    path: str
    layout: Layout
    icon: str | None = None
    filters: tuple[FilterName, ...] = ALL_FILTERS
    order: int = 50
    right: Right | None = None
    every_metric: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """What a page module is given: ``here()`` describes the request that is being answered.

    A page reads through ``here().reads`` alone; ``warehouse`` and ``jobs`` are for the few that
    also change something.
    """

    here: Callable[[], Here]
    warehouse: Warehouse
    jobs: Jobs
    settings: Settings
