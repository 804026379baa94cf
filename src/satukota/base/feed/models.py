from django.db import models


class FeedEntry(models.Model):
    """One thing that changed, in the order it was committed. Screens resume from the last number they saw."""

    at = models.DateTimeField(db_index=True)
    topic = models.CharField(max_length=40)  # status_changed, incident_changed
    subject = models.CharField(max_length=60)  # target code, incident number
    opd_id = models.IntegerField(null=True)  # whose thing it is; null: everybody who may watch
    area_id = models.IntegerField(null=True)  # the area it lies in; null: not known to lie in any
    payload = models.JSONField()

    def __str__(self) -> str:
        return f"{self.pk} {self.topic} {self.subject}"
