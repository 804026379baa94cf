"""The database itself refuses to change a hand-over sheet: only the second signature may be added, once.

A table rebuilt by a later migration on SQLite loses its trigger: such a migration must run `install` again.
"""

from django.db import migrations

SIGNED = "shift_id, content, notes, sha256, signed_out_by_id, signed_out_at"
SAID = "a signed hand-over cannot change"
SQLITE = [
    f"CREATE TRIGGER shifts_handover_stays BEFORE UPDATE OF {SIGNED} ON shifts_handover "
    f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
    "CREATE TRIGGER shifts_handover_once BEFORE UPDATE OF signed_in_by_id, signed_in_at ON shifts_handover "
    f"WHEN OLD.signed_in_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
]
POSTGRES = [
    f"""
CREATE OR REPLACE FUNCTION shifts_handover_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{SAID}' USING ERRCODE = 'integrity_constraint_violation'; END $$
""",
    f"CREATE TRIGGER shifts_handover_stays BEFORE UPDATE OF {SIGNED} ON shifts_handover "
    "FOR EACH ROW EXECUTE FUNCTION shifts_handover_refuse()",
    "CREATE TRIGGER shifts_handover_once BEFORE UPDATE OF signed_in_by_id, signed_in_at ON shifts_handover "
    "FOR EACH ROW WHEN (OLD.signed_in_at IS NOT NULL) EXECUTE FUNCTION shifts_handover_refuse()",
]


def install(apps, schema_editor):
    remove(apps, schema_editor)
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def remove(apps, schema_editor):
    on = " ON shifts_handover" if schema_editor.connection.vendor == "postgresql" else ""
    for name in ("stays", "once"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS shifts_handover_{name}{on}")


class Migration(migrations.Migration):

    dependencies = [("shifts", "0001_first")]
    operations = [migrations.RunPython(install, remove)]
