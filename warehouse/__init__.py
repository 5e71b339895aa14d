"""The SQL warehouse: tables, migrations, scoped sessions, writes and reads."""
