"""What docs/scale.md says of Citus fits the tables: each tenant table once, and no other."""

import re
from pathlib import Path

from sqlalchemy import UniqueConstraint

from warehouse.tables import metadata

SCALE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"
DISTRIBUTED = re.compile(
    r"^select create_distributed_table\('(\w+)', '(\w+)', colocate_with => '(\w+)'\);$",
    re.MULTILINE,
)
REFERENCE = re.compile(r"^select create_reference_table\('([\w.]+)'\);$", re.MULTILINE)
TENANT = [table for table in metadata.tables.values() if table.info.get("tenant", True)]
SHARED = [table for table in metadata.tables.values() if not table.info.get("tenant", True)]


def test_every_tenant_table_is_distributed_once_by_its_chain() -> None:
    said = SCALE.read_text(encoding="utf-8")
    found = DISTRIBUTED.findall(said)
    assert len(found) == said.count("create_distributed_table(")
    assert sorted(name for name, _, _ in found) == sorted(table.fullname for table in TENANT)
    assert {column for _, column, _ in found} == {"chain_id"}


def test_all_tables_stand_beside_the_first() -> None:
    (first, _, beside), *others = DISTRIBUTED.findall(SCALE.read_text(encoding="utf-8"))
    assert (first, beside) == ("chain", "none")
    assert {beside for _, _, beside in others} == {first}


def test_the_directory_is_on_every_node() -> None:
    found = REFERENCE.findall(SCALE.read_text(encoding="utf-8"))
    assert sorted(found) == sorted(table.fullname for table in SHARED)


def test_every_unique_rule_of_a_tenant_table_holds_its_chain() -> None:
    """Citus refuses any other."""
    for table in TENANT:
        rules = [set(table.primary_key.columns.keys())]
        rules += [set(index.columns.keys()) for index in table.indexes if index.unique]
        rules += [
            set(rule.columns.keys())
            for rule in table.constraints
            if isinstance(rule, UniqueConstraint)
        ]
        assert [rule for rule in rules if "chain_id" not in rule] == [], table.fullname


def test_no_foreign_key_stands_in_the_way() -> None:
    assert [table.fullname for table in TENANT if table.foreign_keys] == []
