"""The command line without a server: help, looking at files, and failures as one sentence."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.main import get_command

from chain.settings import get_settings
from runtime import cli

SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
COMMANDS = sorted(get_command(cli.app).commands)  # type: ignore[attr-defined]
PROMISED = {
    "run", "worker", "beat", "web", "migrate", "import", "demo", "backup", "restore", "status",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line of a failure."""
        assert self.code == 1, self
        (line,) = self.err.strip().splitlines()
        return line


Tell = Callable[..., Said]


@pytest.fixture
def tell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Tell]:
    """Run ``tillboard`` with arguments and settings, as from a terminal."""

    def run(*arguments: object, **settings: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["tillboard", *map(str, arguments)])
        for name, value in {"data": tmp_path / "data", **settings}.items():
            monkeypatch.setenv(f"TILLBOARD_{name.upper()}", str(value))
        get_settings.cache_clear()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    yield run
    get_settings.cache_clear()


def test_every_promised_command_is_there() -> None:
    assert set(COMMANDS) >= PROMISED


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_it_does(tell: Tell, command: str) -> None:
    said = tell(command, "--help")
    assert said.code == 0
    title = said.out.split("\n\n")[0] if "\n\n" in said.out else said.out
    assert f"{command} " in title
    summary = get_command(cli.app).commands[command].help  # type: ignore[attr-defined]
    assert summary.split("\n")[0].endswith(".")


def test_a_dry_run_prints_all_that_a_file_holds_and_stores_nothing(
    tell: Tell, tmp_path: Path
) -> None:
    said = tell("import", "--dry-run", "--json", SAMPLES / "wechat_merchant_trade.csv")
    assert said.code == 0
    found = json.loads(said.out)
    assert (found["source"], found["layout"]) == ("wechat_merchant", "trade")
    assert [found[f"rows_{fate}"] for fate in ("accepted", "skipped", "rejected")] == [4, 0, 0]
    assert found["sums"]["sale"]["CNY"] == {
        "rows": 2, "gross": 3055, "platform_subsidy": 0, "merchant_subsidy": 200, "fee": 18,
        "net": 2837,
    }  # fmt: skip
    assert found["first_at"] == "2025-03-01T01:00:03+00:00"
    assert found["last_at"] == "2025-03-01T01:40:03+00:00"
    totals = {total["name"]: total for total in found["totals"]}
    settled = totals["etl.total.settled"]
    assert (settled["stated"], settled["computed"], settled["residual"]) == (
        "28.55", "28.55", "0.00",
    )  # fmt: skip
    assert not (tmp_path / "data").exists()


def test_a_dry_run_counts_what_it_leaves_out_and_names_a_difference(
    tell: Tell, tmp_path: Path
) -> None:
    bill = (SAMPLES / "wechat_merchant_trade.csv").read_text("utf-8-sig").splitlines()
    bad = [
        line.replace("`SUCCESS", "`NONSENSE", 1) if n == 1 else line for n, line in enumerate(bill)
    ]
    path = tmp_path / "bill.csv"
    path.write_text("\n".join(bad))
    found = json.loads(tell("import", "--dry-run", "--json", path).out)
    assert (found["rows_accepted"], found["rows_rejected"]) == (3, 1)
    assert any(float(total["residual"]) for total in found["totals"])


def test_a_folder_gives_one_line_a_file_and_fails_where_one_did(tell: Tell) -> None:
    said = tell("import", "--dry-run", "--json", SAMPLES)
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [one["file_name"] for one in found] == sorted(path.name for path in SAMPLES.iterdir())
    assert said.code == 1
    failed = {one["file_name"]: one["error"] for one in found if one["state"] == "failed"}
    assert set(failed) == {"generic_table.csv", "generic_takings.csv"}
    assert all("Nothing was loaded." in sentence for sentence in failed.values())


@pytest.mark.parametrize(
    ("language", "state", "why"),
    [("en", "Read, not stored", "Nothing was loaded."), ("zh", "已读取，未存储", "没有")],
)
def test_the_terminal_speaks_the_language_that_is_set(
    tell: Tell, language: str, state: str, why: str
) -> None:
    files = [SAMPLES / "paypal_activity.csv", SAMPLES / "generic_table.csv"]
    said = tell("import", "--dry-run", *files, language=language)
    assert said.code == 1
    assert state in said.out
    (reason,) = (line for line in said.out.splitlines() if line.startswith("generic_table.csv:"))
    assert why in reason


@pytest.mark.parametrize("command", [["run"], ["status"], ["migrate"], ["web"], ["worker"]])
def test_a_data_directory_that_cannot_be_made_is_one_sentence(
    tell: Tell, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "file").touch()
    said = tell(*command, data=tmp_path / "file" / "data")
    assert f"{tmp_path}/file/data cannot be written" in said.sentence
    assert "TILLBOARD_DATA" in said.sentence


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "abc"), ("database_url", "mysql://x:hidden@y/z"), ("secret_key", "hidden")],
)
def test_a_setting_that_is_no_good_is_one_line_that_names_it(
    tell: Tell, name: str, value: str
) -> None:
    sentence = tell("status", **{name: value}).sentence
    assert sentence.startswith(f"TILLBOARD_{name.upper()}: ")
    assert "hidden" not in sentence


@pytest.mark.parametrize("command", ["web", "worker", "beat", "status"])
def test_production_makes_nothing_up(tell: Tell, command: str) -> None:
    sentence = tell(command, environment="production").sentence
    for name in ("SECRET_KEY", "PAYER_KEY", "DATABASE_URL", "BROKER_URL"):
        assert f"TILLBOARD_{name}" in sentence


@pytest.mark.parametrize("setting", ["admin", "superuser"])
def test_a_server_that_is_away_is_one_sentence_without_its_password(
    tell: Tell, setting: str
) -> None:
    with socket.socket() as probe:  # a port on which nobody listens
        probe.bind(("127.0.0.1", 0))
        away = f"postgresql://someone:hidden@127.0.0.1:{probe.getsockname()[1]}/x"
        urls = dict.fromkeys(
            ("database_url", "admin_database_url", "backup_database_url"), away
        ) | {f"{setting}_database_url": away}
        said = tell("migrate", broker_url="redis://127.0.0.1:1", **urls)
    assert f"TILLBOARD_{setting.upper()}_DATABASE_URL" in said.sentence
    assert "Connection refused" in said.sentence
    assert "hidden" not in said.sentence


def test_an_address_of_another_machine_is_one_sentence(tell: Tell) -> None:
    assert "TILLBOARD_HOST" in tell("run", host="192.0.2.1", port=18999).sentence


def test_a_path_that_is_not_there_is_one_sentence(tell: Tell) -> None:
    assert tell("import", "nowhere.csv").sentence == "There is no file or folder nowhere.csv."


def test_the_help_comes_without_the_heavy_parts() -> None:
    """Whoever asks for help must not wait for frames and pages."""
    code = (
        "import sys; from runtime import cli;"
        "print({'polars', 'pandas', 'dash', 'celery', 'sqlalchemy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
