"""Rules of the logs."""

import pytest

from idp.logs import blot_secrets


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "client_secret",
        "access_token",
        "cookie",
        "Authorization",
        "code",
        "code_verifier",
        "totp",
        "sealed_secret",
        "csrf_token",
        "flow",
    ],
)
def test_a_value_whose_name_speaks_of_a_secret_is_blotted_out(name: str) -> None:
    assert "s3cret" not in repr(
        blot_secrets(None, "", {"event": "x", name: "s3cret", "inner": {name: "s3cret"}, "many": [{name: "s3cret"}]})
    )


def test_other_values_stay() -> None:
    event = {"event": "sync.applied", "joined": 3, "unit": "Sở Nội vụ", "unit_code": "S02"}
    assert blot_secrets(None, "", dict(event))["joined"] == 3
