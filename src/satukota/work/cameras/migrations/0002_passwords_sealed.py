"""Camera passwords were sealed by hand; the field does it now, and the key's rotation finds them. No row changes."""

from django.db import migrations

from satukota.base.secrets.fields import SealedTextField


class Migration(migrations.Migration):
    dependencies = [("cameras", "0001_first")]

    operations = [
        migrations.AlterField("camera", "password_sealed", SealedTextField(blank=True)),
        migrations.AlterField("cameraimportrow", "password_sealed", SealedTextField(blank=True)),
    ]
