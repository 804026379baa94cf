"""Phone numbers and vendors' contacts are sealed at rest; a person may have a NIK, sealed from the start."""

from django.db import migrations, models

from satukota.base.secrets.fields import SealedHashField, SealedTextField
from satukota.base.secrets.migrating import seal_column


class Migration(migrations.Migration):
    dependencies = [("city", "0001_first")]

    operations = [
        migrations.AlterField("person", "phone", models.TextField(blank=True, default="")),
        migrations.AlterField("contract", "vendor_contact", models.TextField(blank=True, default="")),
        migrations.AddField("person", "phone_hash", SealedHashField(of="phone", kind="phone")),
        migrations.AddField("person", "nik", SealedTextField(blank=True, mask="nik")),
        migrations.AddField("person", "nik_hash", SealedHashField(of="nik", kind="nik")),
        seal_column("city", "Person", "phone", hash_column="phone_hash", kind="phone"),
        seal_column("city", "Contract", "vendor_contact"),
        migrations.AlterField("person", "phone", SealedTextField(blank=True, mask="phone")),
        migrations.AlterField("contract", "vendor_contact", SealedTextField(blank=True, mask="contact")),
    ]
