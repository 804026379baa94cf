from .models import SignedDocument


def by_code(code: str) -> SignedDocument | None:
    """One query."""
    return SignedDocument.objects.select_related("replaced_by").filter(code=code).first()


def by_file(sha256: str) -> SignedDocument | None:
    """The paper whose signed file has this hash. One query."""
    return SignedDocument.objects.select_related("replaced_by").filter(sha256=sha256).first()
