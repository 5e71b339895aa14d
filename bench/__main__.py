"""``python -m bench <name> …``: runs the ``main(arguments)`` of the benchmark called so."""

import importlib
import pkgutil
import sys

import bench


def names() -> list[str]:
    """Return the benchmarks there are: the modules of this package."""
    return sorted(
        found.name for found in pkgutil.iter_modules(bench.__path__) if found.name[0] != "_"
    )


def run(arguments: list[str]) -> int:
    """Run the benchmark that ``arguments`` name first; return its exit status."""
    if not arguments or arguments[0] not in names():
        print(f"usage: python -m bench {{{','.join(names())}}} [options]", file=sys.stderr)
        return 2
    return int(importlib.import_module(f"bench.{arguments[0]}").main(arguments[1:]) or 0)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
