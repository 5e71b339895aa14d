"""The bills in a file, a folder or a zip, none of it unpacked to disk under a name from inside."""

import hashlib
import io
import os
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from chain.errors import PermanentError
from etl.reading.limits import LIMITS, MB, Limits
from etl.reading.mask import contacts

_ZIP, _ZIP_OF_NOTHING = b"PK\x03\x04", b"PK\x05\x06"
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One file that may be a bill: ``container`` is the zip it lies in, ``size`` its bytes."""

    name: str
    container: Path | None
    size: int
    _opener: Callable[[], BinaryIO] = field(repr=False)

    def open(self) -> BinaryIO:
        """Open the content from its start. Raises PermanentError (etl.zip_damaged)."""
        return self._opener()

    def sha256(self) -> bytes:
        """Return the digest of the content, 32 bytes."""
        with self.open() as stream:
            digest = hashlib.sha256()
            while piece := stream.read(MB):
                digest.update(piece)
            return digest.digest()


class _Member(io.RawIOBase):
    """A member of a zip, whose damage is reported in our words."""

    def __init__(self, raw: BinaryIO, info: zipfile.ZipInfo, name: str) -> None:
        self._raw, self._name = raw, name
        try:
            self._part = zipfile.ZipFile(raw).open(info)  # noqa: SIM115 -- closed with the member
        except RuntimeError as error:
            raw.close()
            raise PermanentError("etl.zip_encrypted", name=name) from error
        except _DAMAGE as error:
            raw.close()
            raise PermanentError("etl.zip_damaged", name=name) from error

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        try:
            piece = self._part.read(len(buffer))
        except _DAMAGE as error:
            raise PermanentError("etl.zip_damaged", name=self._name) from error
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._part.close()
            self._raw.close()
        super().close()


def leaves(path: Path, *, limits: Limits = LIMITS) -> Iterator[Leaf]:
    """Yield the files that may be bills in ``path``: itself, a folder's, a zip's (nested once).

    Raises PermanentError (etl.zip_truncated, etl.zip_bomb, etl.zip_many, etl.zip_encrypted,
    etl.zip_path, etl.zip_empty, etl.zip_deep) before any bill of a bad zip is given.
    """
    if path.is_dir():
        for each in sorted(path.rglob("*")):
            if each.is_file() and not each.is_symlink() and not _hidden(each.relative_to(path)):
                yield from leaves(each, limits=limits)
        return
    with path.open("rb") as stream:
        if not _is_archive(stream, path.name):
            yield Leaf(_shown(path.name), None, path.stat().st_size, lambda: path.open("rb"))
            return
    # All of them first: a zip that turns out bad at its last member gives none.
    yield from list(_members(lambda: path.open("rb"), path, limits, nested=False))


def _shown(name: str) -> str:
    """Return a file's name as text, phone numbers hidden.

    Bytes that were no text are taken for GBK, as Windows wrote it.
    """
    plain = name if _is_text(name) else os.fsencode(name).decode("gb18030", "replace")
    return contacts(plain)


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def _is_archive(stream: BinaryIO, name: str) -> bool:
    """Whether this is a zip of files, and not a workbook, which is a zip too."""
    start = stream.read(4)
    if start == _ZIP_OF_NOTHING:
        raise PermanentError("etl.zip_empty")
    if start != _ZIP:
        return False
    try:
        with zipfile.ZipFile(stream) as archive:
            return "[Content_Types].xml" not in archive.namelist()
    except _DAMAGE as error:
        key = "etl.workbook_damaged" if name.lower().endswith(".xlsx") else "etl.zip_truncated"
        raise PermanentError(key) from error


def _members(
    opener: Callable[[], BinaryIO], path: Path, limits: Limits, *, nested: bool
) -> Iterator[Leaf]:
    with opener() as raw, zipfile.ZipFile(raw) as archive:
        infos = [one for one in archive.infolist() if not one.is_dir()]
        _guard(infos, limits)
    found = False
    for info in infos:
        name = _name(info)
        if _hidden(Path(name)):
            continue
        open_member = _opener(opener, info, name)
        found = True
        if name.lower().endswith(".zip"):
            if nested:
                raise PermanentError("etl.zip_deep", name=name)
            inside = _spooled(open_member)
            with inside() as stream:
                archived = _is_archive(stream, name)
            if archived:
                yield from _members(inside, path, limits, nested=True)
                continue
        yield Leaf(PurePosixPath(name).name, path, info.file_size, open_member)
    if not found:
        raise PermanentError("etl.zip_empty")


def _guard(infos: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(infos) > limits.zip_members:
        raise PermanentError("etl.zip_many", limit=limits.zip_members)
    if sum(one.file_size for one in infos) > limits.zip_bytes:
        raise PermanentError("etl.zip_bomb", limit=limits.zip_bytes >> 20)
    for info in infos:
        name = _name(info)
        path = PurePosixPath(name.replace("\\", "/"))
        linked = stat.S_ISLNK(info.external_attr >> 16)
        if linked or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
            raise PermanentError("etl.zip_path", name=name[:80])
        if info.flag_bits & 1:
            raise PermanentError("etl.zip_encrypted", name=name)
        if info.file_size > MB and info.file_size > limits.zip_ratio * max(1, info.compress_size):
            raise PermanentError("etl.zip_bomb", limit=limits.zip_bytes >> 20)


def _name(info: zipfile.ZipInfo) -> str:
    """Return the member's name; platforms write it in GBK without saying so."""
    if info.flag_bits & 0x800:
        return contacts(info.filename)
    try:
        return contacts(info.filename.encode("cp437").decode("gb18030"))
    except UnicodeError:
        return contacts(info.filename)


def _opener(
    opener: Callable[[], BinaryIO], info: zipfile.ZipInfo, name: str
) -> Callable[[], BinaryIO]:
    def open_member() -> BinaryIO:
        return io.BufferedReader(_Member(opener(), info, name), MB)

    return open_member


def _spooled(open_member: Callable[[], BinaryIO]) -> Callable[[], BinaryIO]:
    """Return an opener of a zip inside a zip: it must be sought in, so it is copied aside."""

    def open_copy() -> BinaryIO:
        copy = tempfile.TemporaryFile()  # noqa: SIM115 -- the caller closes it
        with open_member() as stream:
            while piece := stream.read(MB):
                copy.write(piece)
        copy.seek(0)
        return copy

    return open_copy
