"""Logs and counters: what is written, by which id it is found, and what never appears."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from warehouse.telemetry import bind, configure_logs, metrics_text, request_id


@pytest.fixture(autouse=True)
def logs() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_line_is_json_with_the_id_of_its_request(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("json")
    with bind(request_id="abc"):
        assert request_id() == "abc"
        structlog.get_logger("ours").info("received", batch_id=7)
        logging.getLogger("theirs").warning("slow: %s", "很慢")
    ours, theirs = map(json.loads, capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["batch_id"], ours["request_id"]) == ("received", 7, "abc")
    assert (theirs["event"], theirs["request_id"]) == ("slow: 很慢", "abc")
    assert request_id() == ""


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_trace_does_not_show_the_values_of_variables(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(form)  # type: ignore[arg-type]
    try:
        password = "".join(["hid", "den"])
        raise RuntimeError(len(password))
    except RuntimeError:
        structlog.get_logger().exception("failed")
    shown = capsys.readouterr().err
    assert "RuntimeError" in shown
    assert "hidden" not in shown


def test_the_length_of_the_queue_is_asked_for_when_it_is_read() -> None:
    lengths = {"tillboard": 3}
    assert b'tillboard_queue_length{queue="tillboard"} 3.0' in metrics_text(lambda: lengths)
    lengths["tillboard"] = 0
    text = metrics_text(lambda: lengths)
    assert b'tillboard_queue_length{queue="tillboard"} 0.0' in text
    assert b"tillboard_rows_total" in text
