"""The whole API against its own description, by a machine that knows no manners (schemathesis).

`SATUKOTA_FUZZ=N` asks for N examples of each operation; nothing may answer with 5xx, a trace, or a body that its own
description does not allow.
"""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from satukota.base.accounts.models import User
from satukota.project import sample
from satukota.project.wsgi import application

EXAMPLES = int(os.environ.get("SATUKOTA_FUZZ", "150"))
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application)


@pytest.fixture
def cookies(client, transactional_db, settings):
    """A sample city, and somebody signed in who may see most of it."""
    settings.SAMPLE = True
    sample.load()
    client.force_login(User.objects.get(username="auditor"))
    return {name: morsel.value for name, morsel in client.cookies.items()}


def test_the_description_is_valid_openapi():
    validate(schema.raw_schema)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)  # the real application opens and closes its connections
@schema.parametrize()
@hypothesis_settings(
    max_examples=EXAMPLES, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_no_request_breaks_an_operation(case, cookies):
    for jar in ({}, cookies):
        answer = case.call(cookies=jar)
        case.validate_response(answer, checks=CHECKS)
        assert b"Traceback" not in answer.content
