"""A PostgreSQL and a Valkey that come as wheels, run for one installation and reached by it alone.

Both listen on Unix sockets in a private directory and ask for generated passwords. They are left
running when their starter is killed; the next start finds them, or what they left, and goes on.
"""

from runtime.embedded.place import Place
from runtime.embedded.postgres import Postgres
from runtime.embedded.valkey import Valkey

__all__ = ["Place", "Postgres", "Valkey"]
