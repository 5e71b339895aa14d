"""How well marketing money is read and split where the truth is known."""

from bench.marketing.run import main

__all__ = ["main"]
