from collections.abc import Iterator

import pytest

from .make import Town
from .make import town as make_town


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    with make_town() as made:
        yield made
