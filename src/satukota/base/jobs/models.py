from django.db import models


class JobRunner(models.Model):
    """A process that runs jobs. While `beats` grows it is alive and holds the jobs it has claimed: that is the lease.

    A number, not a moment: whoever watches it measures its silence on their own monotonic clock, so a clock that
    jumps neither ends a lease nor makes one last.
    """

    name = models.CharField(max_length=200, primary_key=True)  # place, process id and start: never used twice
    beats = models.BigIntegerField(default=0)
    beat_at = models.DateTimeField()  # shown to people; decides nothing but when the row is forgotten
    doing = models.CharField(max_length=200, blank=True)  # path of the task at hand

    def __str__(self) -> str:
        return self.name


class DoneAct(models.Model):
    """A form or call that was carried out: the same one sent again changes nothing. Written with the act itself."""

    key = models.CharField(max_length=200, primary_key=True)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
