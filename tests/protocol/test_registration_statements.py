"""Rules of what others vouch for at /register: sector lists (OpenID Connect Core §8.1), software statements (RFC 7591 §2.3)."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from idp import clock
from idp.app import create_app
from tests.protocol.test_registration import REDIRECT, WANTED, refused, send
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.keyed_party import new_key, sign
from tests.support.listening_client import ListeningClient, listening_client


@pytest.fixture
def listener() -> Iterator[ListeningClient]:
    with listening_client() as client:
        yield client


@pytest.fixture
def reaching(database_url: str, listener: ListeningClient) -> Iterator[FlaskClient]:
    """A browser at a provider that may read what the listener publishes, and believes its software statements."""
    issuers = {"https://statements.test": listener.url("/statement-keys")}
    application = create_app(settings_for(database_url, outbound_allow=f"127.0.0.1:{listener.port}", software_statement_issuers=issuers))
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application.test_client()
    close(application)


def test_a_sector_lists_the_redirect_uris(reaching: FlaskClient, listener: ListeningClient) -> None:
    """`oidcc-registration-sector-uri`, `oidcc-registration-sector-bad`."""
    uri = listener.url("/sector")
    wanted = {**WANTED, "subject_type": "pairwise", "sector_identifier_uri": uri, "redirect_uris": [REDIRECT, "https://other.test/cb"]}
    listener.documents["/sector"] = [REDIRECT, "https://other.test/cb", "https://third.test/"]
    assert send(reaching, wanted).get_json()["sector_identifier_uri"] == uri
    for bad in ([REDIRECT], [], {"a": 1}, b"nothing", [[REDIRECT, "https://other.test/cb"]], None, b"[" * 50_000, b" " * 70_000, "x"):
        listener.documents["/sector"] = bad
        assert refused(send(reaching, wanted), "invalid_client_metadata"), bad
    read = len(listener.read)
    send(reaching, wanted, None)
    send(reaching, {**wanted, "redirect_uris": ["http://evil.test/"]})
    assert len(listener.read) == read  # nothing is fetched for whoever may not register, or would be refused anyway


def test_a_software_statement_counts_before_what_the_client_says(reaching: FlaskClient, listener: ListeningClient) -> None:
    key = new_key("ES256", "s1")
    listener.documents["/statement-keys"] = {"keys": [key.as_dict(private=False)]}
    claims = {
        "iss": "https://statements.test",
        "client_name": "Phần mềm đã duyệt",
        "software_id": "sw-1",
        "redirect_uris": [REDIRECT],
        "minimum_acr": "x",
    }
    statement = sign("ES256", key, claims)
    told = send(reaching, {"client_name": "Tên khác", "redirect_uris": ["https://evil.test/"], "software_statement": statement}).get_json()
    assert (told["client_name"], told["redirect_uris"], told["software_id"]) == ("Phần mềm đã duyệt", [REDIRECT], "sw-1")
    assert told["software_statement"] == statement
    other = {**WANTED, "software_statement": sign("ES256", key, {**claims, "iss": "https://other.test"})}
    assert refused(send(reaching, other), "unapproved_software_statement")
    now = int(clock.now().timestamp())
    bad = [
        sign("ES256", new_key("ES256", "s1"), claims),
        sign("ES256", key, {**claims, "exp": now - 60}),
        statement[:-3],
        "x",
        "x" * 20_000,
        "a.b.c",
    ]
    for written in bad:
        assert refused(send(reaching, {**WANTED, "software_statement": written}), "invalid_software_statement"), written[:30]
