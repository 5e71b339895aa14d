"""The names of the jobs that others than the workers start, and of the queue they wait in."""

QUEUE = "tillboard"
IMPORT_BATCH = "workers.import_batch"
UNDO_BATCH = "workers.undo_batch"
REQUEST_ID = "request_id"
"""The message header that carries the id of the request a job comes from."""
