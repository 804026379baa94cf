from typing import Any

from django.conf import settings
from django.http import HttpRequest


def page_frame(request: HttpRequest) -> dict[str, Any]:
    """What every page's frame needs, without a query for visitors who are not signed in."""
    return {"FEED_URL": settings.FEED_URL, "SAMPLE": settings.SAMPLE}
