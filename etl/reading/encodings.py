"""Which encoding a file has, and its bytes as UTF-8 in blocks, without decoding more than needed.

GB18030 is carried as Latin-1: none of the bytes that shape a table (comma, quote, newline, tab)
can be the second byte of a character, so a table can be cut first, and only the cells that are
kept are decoded, each distinct text once. That is four times as fast as decoding the file.
"""

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from chain.errors import PermanentError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_NO_TEXT = b"\xff"
"""A byte that is no text in UTF-8 and, carried, none in GB18030."""


def sniff(head: bytes) -> tuple[str, int]:
    """Return the encoding of a file that starts with ``head``, and the length of its mark.

    Raises PermanentError (etl.wrong_encoding) where it is none of those that platforms write.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec, len(mark)
    sample = head[:4096]
    if b"\0" in sample:
        odd, even = sample[1::2].count(0), sample[0::2].count(0)
        # Chinese bills are full of digits and commas, so one half of UTF-16 is rich in zeros.
        if max(odd, even) > len(sample) // 16 and min(odd, even) * 8 < max(odd, even):
            return ("utf-16-le" if odd > even else "utf-16-be"), 0
        if sample.count(0) * 50 > len(sample):
            raise PermanentError("etl.wrong_encoding")
    errors = {codec: _errors(head, codec) for codec in ("utf-8", "gb18030")}
    codec = min(errors, key=lambda one: errors[one])
    # A few broken bytes spoil their rows only; a file full of them is something else.
    if errors[codec] * 50 > len(head):
        raise PermanentError("etl.wrong_encoding")
    return codec, 0


def _errors(head: bytes, codec: str) -> int:
    decoder = codecs.getincrementaldecoder(codec)
    try:
        decoder().decode(head)
    except UnicodeDecodeError:
        return decoder("replace").decode(head).count("\ufffd")
    return 0


@dataclass(frozen=True, slots=True)
class Carrier:
    """How the text of a file travels: as itself, or (``codec``) as Latin-1 to be decoded later."""

    codec: str | None

    def carry(self, text: str) -> str:
        """Return ``text`` as it stands in the carried table."""
        return text if self.codec is None else text.encode(self.codec).decode("latin-1")

    def plain(self, carried: str) -> str | None:
        """Return the text that is carried, None where its bytes are no text."""
        if self.codec is None or carried.isascii():
            return carried
        try:
            return carried.encode("latin-1").decode(self.codec)
        except UnicodeError:
            return None

    def shown(self, carried: bytes) -> str:
        """Return a carried line for a person to read, with marks for bytes that are no text."""
        text = carried.decode("utf-8", "replace")
        if self.codec is None:
            return text
        return text.encode("latin-1", "replace").decode(self.codec, "replace")


class Blocks:
    """A file's content as UTF-8 blocks (carried, see Carrier), read once from front to back."""

    def __init__(self, stream: BinaryIO, first: bytes, size: int) -> None:
        codec, mark = sniff(first)
        self._stream, self._size = stream, size
        self._first: bytes | None = first[mark:]
        self.bytes_read = len(first)
        self.carrier = Carrier("gb18030" if codec == "gb18030" else None)
        self._convert = _converter(codec)

    def read(self) -> bytes:
        """Return the next block, b'' at the end. Lines end in a bare newline."""
        while True:
            raw, self._first = self._first, None
            if raw is None:
                raw = self._stream.read(self._size)
                self.bytes_read += len(raw)
                if not raw:
                    return self._convert(b"", True)
            if block := self._convert(raw, False):
                # No warehouse keeps a NUL in a text: the line is refused like other broken bytes.
                return block.replace(b"\0", _NO_TEXT)


def _carried(raw: bytes) -> bytes:
    whole = raw.replace(b"\0", _NO_TEXT)
    return whole if whole.isascii() else whole.decode("latin-1").encode()


def _converter(codec: str) -> Callable[[bytes, bool], bytes]:
    if codec == "utf-8":
        return lambda raw, _: raw
    if codec == "gb18030":
        return lambda raw, _: _carried(raw)
    decoder = codecs.getincrementaldecoder(codec)("replace")
    return lambda raw, final: decoder.decode(raw, final).encode()
