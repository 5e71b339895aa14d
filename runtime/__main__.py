"""``python -m runtime`` is ``tillboard``."""

from runtime.cli import main

main()
