"""How long a zip of all stores' reports takes, and a workbook of a million payments."""

from bench.export.run import main

__all__ = ["main"]
