"""In which language stored words are written."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.utils import translation

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def in_city_language(act: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """Decorator for whatever stores words: everybody reads them, whichever language the person acting has chosen."""

    @wraps(act)
    def acting(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        with translation.override(settings.LANGUAGE_CODE):
            return act(*args, **kwargs)

    return acting
