from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """Who signs in. What they may do comes from the duties of the person behind it (`city.Duty`), never from here."""

    is_sample = models.BooleanField(default=False)  # sample people sign in only while SATUKOTA_SAMPLE=1
    show_dark = models.BooleanField(default=False)  # wall mode chosen by the person

    class Meta:
        verbose_name = "akun"
        verbose_name_plural = "akun"

    @property
    def display_name(self) -> str:
        return self.get_full_name() or self.get_username()
