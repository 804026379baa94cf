# The recordings a recorder told of, for whoever connects a camera

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cameras', '0010_free_walls'),
    ]

    operations = [
        migrations.AddField(
            model_name='recorder',
            name='offered',
            field=models.JSONField(default=list),
        ),
    ]
