"""The database itself refuses two definitive heads of one OPD at one time.

PostgreSQL: an exclusion constraint over ranges (the OPD as a range of one, so that no extension is needed). SQLite has
none: two triggers do the same. A table rebuilt by a later migration loses its triggers: such a migration must run
`install` again, and tests/architecture fails until it does.
"""

from django.db import migrations

LEADING = ("kepala_opd", "camat", "lurah")
ROLES = ", ".join(f"'{role}'" for role in LEADING)
POSTGRES = f"""
ALTER TABLE city_duty ADD CONSTRAINT duty_one_head EXCLUDE USING gist (
    int8range(opd_id, opd_id, '[]') WITH &&, daterange(from_on, to_on, '[]') WITH &&
) WHERE (role IN ({ROLES}) AND acting = '')
"""
SQLITE = """
CREATE TRIGGER duty_one_head_{name} BEFORE {act} ON city_duty
WHEN NEW.acting = '' AND NEW.role IN ({roles}) AND EXISTS (
    SELECT 1 FROM city_duty AS other
    WHERE other.opd_id = NEW.opd_id AND other.id IS NOT NEW.id AND other.acting = '' AND other.role IN ({roles})
      AND (other.to_on IS NULL OR other.to_on >= NEW.from_on)
      AND (NEW.to_on IS NULL OR NEW.to_on >= other.from_on)
) BEGIN SELECT RAISE(ABORT, 'duty_one_head'); END
"""


def install(apps, schema_editor):
    remove(apps, schema_editor)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES)
        return
    for name, act in (("added", "INSERT"), ("changed", "UPDATE")):
        schema_editor.execute(SQLITE.format(name=name, act=act, roles=ROLES))


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE city_duty DROP CONSTRAINT IF EXISTS duty_one_head")
        return
    for name in ("added", "changed"):
        schema_editor.execute(f"DROP TRIGGER IF EXISTS duty_one_head_{name}")


class Migration(migrations.Migration):
    dependencies = [("city", "0003_duties_in_full")]
    operations = [migrations.RunPython(install, remove)]
