"""How long the board takes, with 1,000 stores, three years and five platforms behind it."""

from bench.board.run import main

__all__ = ["main"]
