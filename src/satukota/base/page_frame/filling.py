"""How a page does what its form asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.forms import BaseForm

from satukota.base.errors import UserError


@contextmanager
def refusals_on(form: BaseForm) -> Iterator[None]:
    """What the act inside refuses is said on the form, which keeps what was typed; a thing not there stays a 404."""
    try:
        yield
    except UserError as problem:
        if problem.status == 404:
            raise
        form.add_error(None, f"{problem.text} {problem.fix}".strip())
