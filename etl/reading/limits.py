"""How much a file may ask of us before it is refused."""

from dataclasses import dataclass

MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes unless said otherwise. The defaults let every real bill through.

    A bill of ten million rows is about 2 GB; deflate packs bills 5 to 30 times, bombs 1000 times.
    """

    block: int = 8 * MB
    head: int = MB
    head_lines: int = 20_000
    columns: int = 2_000
    trailer: int = MB // 4
    record_lines: int = 64
    zip_members: int = 2_000
    zip_ratio: int = 200
    zip_bytes: int = 64 * 1024 * MB
    sheet_bytes: int = 1024 * MB
    sheet_cells: int = 20_000_000
    workbook_bytes: int = 256 * MB


LIMITS = Limits()
