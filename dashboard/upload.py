"""Files come in by a streaming route: never in memory, hashed while they are written."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import unquote

import structlog
from flask import Flask, Response, jsonify, request

from chain.errors import PermanentError, TransientError
from chain.settings import Settings
from dashboard.guard import here
from dashboard.jobs import Jobs
from etl.reading.mask import contacts
from warehouse import batches
from warehouse.session import Warehouse

log = structlog.get_logger(__name__)
CHUNK = 1 << 20
NAME_HEADER = "X-File-Name"
NAME_MAX = 300


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that is in the inbox under its SHA-256."""

    path: Path
    sha256: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Upload:
    """The route ``POST /upload``: the body is the file, its name in ``X-File-Name`` (quoted)."""

    settings: Settings
    warehouse: Warehouse
    jobs: Jobs

    def install(self, server: Flask) -> None:
        """Add the route to ``server``."""
        server.add_url_rule("/upload", view_func=self.take, methods=["POST"], endpoint="upload")

    def take(self) -> Response:
        """Keep the file, make its batch, start its import; answer with the batch's number.

        The answer is ``{"batches": [7], "state": "received"}``; a file that is already in says so
        by its state. 400 with ``{"error": sentence}`` for what cannot be kept.
        """
        who = here()
        if not who.may("import"):
            raise PermanentError("dashboard.upload.not_allowed")
        name = clean_name(unquote(request.headers.get(NAME_HEADER, "")))
        limit = self.settings.upload_max_bytes
        if request.content_length and request.content_length > limit:
            raise PermanentError("dashboard.upload.too_large", file=name, limit=megabytes(limit))
        stored = keep(request.stream, self.settings.inbox, limit, name)
        with self.warehouse.begin(who.scope) as connection:
            received = batches.receive(
                connection,
                who.scope.chain_id,
                sha256=stored.sha256,
                file_name=name,
                size_bytes=stored.size,
                request_id=who.request_id,
                user_id=who.person.user_id,
            )
        # Only after the commit: a worker that is quick must find the batch.
        if received.state in batches.RESUMABLE:
            self.jobs.import_batch(who.scope.chain_id, received.batch_id)
        log.info("received", batch_id=received.batch_id, bytes=stored.size)
        return jsonify(batches=[received.batch_id], state=received.state)


def keep(stream: IO[bytes], inbox: Path, limit: int, name: str) -> Stored:
    """Write ``stream`` into ``inbox`` under its SHA-256.

    Raises PermanentError for an empty file or one over ``limit`` bytes, TransientError where the
    connection broke or the disk is full. Nothing half-written stays.
    """
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest, size = hashlib.sha256(), 0
    handle, temporary = tempfile.mkstemp(prefix=".coming-", dir=inbox)
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in _chunks(stream):
                size += len(chunk)
                if size > limit:
                    raise PermanentError(
                        "dashboard.upload.too_large", file=name, limit=megabytes(limit)
                    )
                digest.update(chunk)
                file.write(chunk)
        if size == 0:
            raise PermanentError("dashboard.upload.empty", file=name)
        path = inbox / digest.hexdigest()
        Path(temporary).replace(path)
    except OSError as error:
        raise TransientError("dashboard.upload.not_kept", file=name) from error
    finally:
        Path(temporary).unlink(missing_ok=True)
    return Stored(path, digest.digest(), size)


def clean_name(name: str) -> str:
    """Return the last part of a path as a browser gives it, without what no name should have."""
    last = PurePosixPath(name.replace("\\", "/")).name
    kept = "".join(letter for letter in last if letter.isprintable()).strip()
    return contacts(kept)[-NAME_MAX:] or "file"


def megabytes(size: int) -> int:
    """Return ``size`` in whole mebibytes, at least 1."""
    return max(1, size >> 20)


def _chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk
