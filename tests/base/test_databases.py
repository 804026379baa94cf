"""The address of the database: what it says about TLS is taken, and what is not understood stops the start."""

import pytest

from satukota.base.databases import settings_of, url_of


def test_how_the_line_is_secured_reaches_the_driver():
    told = settings_of(
        "postgresql://kota:r%40hasia@db.kota.example:5433/satukota?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    )
    assert told["OPTIONS"] == {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem"}
    assert (told["HOST"], told["PORT"], told["PASSWORD"], told["NAME"]) == (
        "db.kota.example",
        "5433",
        "r@hasia",
        "satukota",
    )
    assert settings_of("postgresql://kota@host/satukota")["OPTIONS"] == {}


@pytest.mark.parametrize(
    "url", ["mysql://x/y", "postgresql://k:rahasia@host/n?ssl=true", "postgresql://k:rahasia@host/n?x=1"]
)
def test_what_is_not_understood_is_said_without_the_password(url):
    with pytest.raises(ValueError, match="must start|does not know") as said:
        settings_of(url)
    assert "rahasia" not in str(said.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kota:p%40%2F%3A%3F@pusat.example:5433/satu%2Fkota?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem",
        "postgresql://localhost/satukota",
    ],
)
def test_an_address_made_of_a_setting_is_the_same_one(url):
    """`restore` and `move` connect by it: left out, sslmode would mean a connection anybody could listen to."""
    assert settings_of(url_of(settings_of(url))) == settings_of(url)
    assert "sslmode=verify-full" in url_of(settings_of(url)) or "?" not in url
