from collections.abc import Iterator
from typing import Any

import pytest

from satukota.shared.coverage.tests.make import Town
from satukota.shared.coverage.tests.make import town as make_town


@pytest.fixture
def town(db: None, settings: Any, tmp_path: Any) -> Iterator[Town]:
    """Files of plans and evidence lie in a folder of the test's own."""
    settings.FILES_DIR = tmp_path
    with make_town() as made:
        yield made
