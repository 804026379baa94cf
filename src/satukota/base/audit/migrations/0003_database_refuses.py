"""The database itself refuses to change or delete what is only ever added to."""

from django.db import migrations

from satukota.base.audit import guards


class Migration(migrations.Migration):

    dependencies = [('audit', '0002_days_are_sealed')]

    operations = [
        migrations.RunPython(
            lambda apps, editor: guards.put(editor.connection), lambda apps, editor: guards.lift(editor.connection)
        ),
    ]
