"""Whatever anybody sends without being signed in, no address of this provider breaks."""

import base64
import re
import uuid
from collections.abc import Iterator
from urllib.parse import quote_from_bytes

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.installation import ISSUER, Databases, close, settings_for
from tests.support.relying_party import RelyingParty, register_party
from wsgi import build

CONVERTERS = re.compile(r"<(?:(\w+):)?\w+>")
NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
    "prompt", "max_age", "acr_values", "claims", "login_hint", "id_token_hint", "ui_locales", "request", "request_uri", "flow", "code",
    "grant_type", "refresh_token", "client_secret", "code_verifier", "access_token", "post_logout_redirect_uri", "way_out", "csrf_token",
    "display", "registration", "token", "token_type_hint", "client_assertion", "client_assertion_type", "subject_token", "subject_token_type",
    "actor_token", "audience", "resource", "device_code", "user_code", "dpop_jkt", "iss", "to", "acr", "units", "answer",
)  # fmt: skip
USUAL = (
    "code", "query", "form_post", "openid", "none", "login", "S256", "authorization_code", "refresh_token", "0", "https://rp.test/cb", "x" * 43,
    "AAAA", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA", '{"id_token":{"acr":null}}', "[" * 500, "\r\nX: y", "%00", "é", "𝕏",
)  # fmt: skip
values = st.one_of(st.sampled_from(USUAL), st.text(max_size=60))
raw_values = st.one_of(values.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60))
pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=10)), raw_values), max_size=12)
latin = st.text([chr(code) for code in range(0x20, 0x100) if not 0x7F <= code < 0xA0], max_size=60)
headers = st.one_of(
    st.none(),
    st.binary(max_size=40).map(lambda raw: "Basic " + base64.b64encode(raw).decode()),
    latin.map(lambda text: "Basic " + text),
    latin.map(lambda text: "Bearer " + text),
)


@pytest.fixture(scope="module")
def installation(postgresql_databases: Databases) -> Iterator[Flask]:
    """On PostgreSQL, which is the stricter one about text."""
    application = build(settings_for(postgresql_databases.fresh(), registration="open", saml=True))
    application.config.update(PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)  # what lies behind the token is meant
    with application.app_context():
        yield application
    close(application)


@pytest.fixture(scope="module")
def client(installation: Flask) -> FlaskClient:
    return installation.test_client()


@pytest.fixture(scope="module")
def party(installation: Flask) -> RelyingParty:
    return register_party()


def encoded(given_pairs: list[tuple[str, bytes]], *, escape: bool) -> bytes:
    """The pairs as a query: every byte escaped, or raw as a careless program sends them."""
    joined = []
    for name, value in given_pairs:
        shown = "".join(f"%{byte:02x}" for byte in value).encode() if escape else value
        joined.append(name.encode("utf-8", "surrogatepass") + b"=" + shown)
    return b"&".join(joined)


def written(rule: str, part: str) -> str:
    """The path of a route, with something in the place of its parameters; `part` where it may be any text."""
    return CONVERTERS.sub(lambda found: str(uuid.UUID(int=7)) if found[1] == "uuid" else "7" if found[1] == "int" else part, rule)


RULES = sorted({rule.rule for rule in build(settings_for("sqlite://", saml=True)).url_map.iter_rules()})
parts = st.one_of(st.just("x"), raw_values.map(lambda raw: quote_from_bytes(raw, safe="/") or "x"))


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(rule=st.sampled_from(RULES), part=parts, method=st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT"]), query=pairs, body=pairs,
       escape=st.booleans(), header=headers, known=st.booleans(), content_type=st.sampled_from(
           ["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b", "", "a;b=\"c"]))  # fmt: skip
def test_no_request_ends_in_a_500(
    client: FlaskClient, party: RelyingParty, rule: str, part: str, method: str, query: list[tuple[str, bytes]], body: list[tuple[str, bytes]],
    escape: bool, header: str | None, known: bool, content_type: str,
) -> None:  # fmt: skip
    if known:
        usual = [(name, value.encode()) for name, value in party.request().items() if name not in dict(query)]
        query = query + usual
    sent = {"Authorization": header.encode("latin-1").decode("latin-1")} if header is not None else {}
    path = written(rule, part)
    response = client.open(
        path, method=method, environ_overrides={"QUERY_STRING": encoded(query, escape=escape).decode("latin-1")}, data=encoded(body, escape=escape),
        content_type=content_type, headers=sent,
    )  # fmt: skip
    assert response.status_code < 500, (path, query, body)


@pytest.mark.parametrize("path", ["/api/v1/clients/%s", "/api/v1/systems/%s", "/scim/v2/%s", "/scim/v2/Users/%s"])
def test_nothing_that_stands_in_an_address_is_said_in_the_challenge(client: FlaskClient, path: str) -> None:
    """RFC 9110 §11.6.1: whoever sends somebody there would write part of our header."""
    resource = "/".join(path.split("/")[:3])
    for part in ("%0A", "%0D%0AX:%20y", "%22,%20Basic%20realm=%22x", "%C4%91", "%FF"):
        answer = client.get(path % part, headers={"Authorization": "Bearer x"})
        if answer.status_code == 404:  # no route
            continue
        assert answer.status_code == 401
        metadata = f"{ISSUER}/.well-known/oauth-protected-resource{resource}"
        said = f'Bearer realm="{resource[1:]}", error="invalid_token", error_description="[a-z ,]+", resource_metadata="{metadata}"'
        assert re.fullmatch(said, answer.headers["WWW-Authenticate"]), answer.headers["WWW-Authenticate"]
        assert client.get(metadata).status_code == 200
