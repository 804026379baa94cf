from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cameras", "0009_federation"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="walllayout", name="wall_tiles"),
        migrations.AddField(model_name="walllayout", name="places", field=models.JSONField(default=list)),
        migrations.AddConstraint(
            model_name="walllayout",
            constraint=models.CheckConstraint(
                name="wall_tiles", condition=models.Q(("tiles__gte", 1), ("tiles__lte", 16))
            ),
        ),
    ]
