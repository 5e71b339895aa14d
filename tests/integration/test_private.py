"""Phone numbers, card numbers and ids of persons stand nowhere: in no table, and in no log."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from etl.importer import Importer
from etl.reading import ColumnMapSpec
from tests.bills import new_chain
from tests.conftest import Database
from warehouse.chains import NewStore
from warehouse.session import Scope, Warehouse
from warehouse.tables import Base

SAMPLES = Path(__file__).parents[1] / "contract" / "samples"
PHONE, CARD, MAIL = "13800138000", "4111111111111111", "owner.person@example.com"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
SECRETS = (PHONE, "138 0013 8000", "0013 8000", CARD, "owner.person", OPENID, "buyer-77")


@pytest.fixture
def warehouse(database: Database) -> Iterator[Warehouse]:
    made = Warehouse(database.app)
    yield made
    made.close()


def _changed(name: str, *changes: tuple[str, str]) -> str:
    content = (SAMPLES / name).read_text(encoding="utf-8")
    for was, now in changes:
        assert was in content, was
        content = content.replace(was, now)
    return content


def _with(content: str, mark: str, was: str, now: str) -> str:
    """Add a copy of the line that holds ``mark``, changed."""
    line = next(one for one in content.splitlines(keepends=True) if mark in one)
    assert was in line
    return content.replace(line, line + line.replace(was, now))


def _files(folder: Path) -> None:
    detail = _changed(
        "alipay_merchant_detail.csv",
        ("[20881234567890120156]", f"[{MAIL}]"),
        ("*小明(138****01)", PHONE),
        ("op1", PHONE),
        ("T01", CARD),
        ("虹桥店", f"虹桥店 {PHONE}"),
        ("茉莉奶绿（大）", f"茶 {CARD}"),
    )
    detail = _with(detail, "0000003\t", "88.00", f"{PHONE}.x")
    (folder / f"bill of {PHONE}.csv").write_text(detail.replace("0000003\t,", "0000004\t,", 1))
    wechat = _changed("wechat_merchant_trade.csv", ("oPayer1", OPENID), ("oPayer2", "buyer-77"))
    wechat = _with(wechat, "buyer-77", "12.55,`0.00", "no,`0.00")
    wechat = _with(wechat, OPENID, ",`MICROPAY", "")
    (folder / "wechat.csv").write_text(wechat)
    stripe = _changed("stripe_balance_change.csv", ("cus_1", "buyer-77"))
    (folder / "stripe.csv").write_text(_with(stripe, "buyer-77", "100.00", "a lot"))
    personal = _changed("wechat_personal.csv")
    (folder / "personal.csv").write_text(personal.replace("微信昵称：[", f"微信昵称：[{PHONE}"))
    (folder / "unknown.csv").write_text(f"name {PHONE},{CARD},{MAIL}\n1,2,3\n")
    own = f"when,paid,who,till\n2026-03-01 10:00:00,5.00,{PHONE},{MAIL}\n"
    (folder / "own.csv").write_text(own)
    with zipfile.ZipFile(folder / "bills.zip", "w") as archive:
        archive.writestr(f"{MAIL} {PHONE}.csv", "a,b\n1,2\n")


OWN = ColumnMapSpec(
    name="own",
    columns={
        "occurred_at": "when",
        "gross": "paid",
        "account_ref": "who",
        "operator_ref": "till",
    },
    zone="Asia/Shanghai",
    currency="CNY",
)


def _everything(warehouse: Warehouse, scope: Scope) -> str:
    with warehouse.begin(scope) as connection:
        return "\n".join(
            str(row)
            for table in Base.metadata.sorted_tables
            if table.schema is None
            for row in connection.scalars(text(f'select t::text from "{table.name}" t'))
        )


def test_nothing_private_is_kept_or_logged(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    scope = new_chain(warehouse, [NewStore("SH001", "虹桥店", "Asia/Shanghai")])
    _files(tmp_path)
    monkeypatch.setattr("etl.importer.column_maps", lambda _: [OWN])
    found = list(Importer(warehouse, scope, "k" * 32).import_path(tmp_path))
    states = sorted((batch["state"], batch["rows_rejected"]) for batch in found)
    assert states == [
        *[("done", 0)] * 2,
        *[("done", 1)] * 2,
        ("done", 2),
        *[("quarantined", 0)] * 2,
    ]
    kept = _everything(warehouse, scope)
    said = "".join(capfd.readouterr())
    assert "4200000000202503010000000001" in kept, "what is looked through holds the payments"
    for secret in SECRETS:
        assert secret not in kept, [line for line in kept.splitlines() if secret in line]
        assert secret not in said
    with warehouse.begin(scope) as connection:
        hashed = connection.scalar(text("select count(distinct payer_hash) from payment"))
        refs = connection.scalars(text("select ref from account where platform = 'alipay'")).all()
        operators = connection.scalars(text("select distinct operator_ref from place")).all()
    assert hashed == 4
    assert [len(ref) for ref in refs] == [32]
    assert "138****8000" in operators, "a hidden number still tells operators apart"
