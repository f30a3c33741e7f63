"""Rules of clients that prove themselves by a certificate: RFC 8705 §2, handed on as nginx does or by RFC 9440."""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from clients.refusals import InvalidMetadata
from idp.app import create_app
from tests.support.assertions import is_known
from tests.support.certificates import NAMES, Certified, certify
from tests.support.installation import FreshContextClient, close, settings_for
from tests.support.relying_party import RelyingParty, register_party

HEADER = "X-Client-Certificate"
SUBJECT = "CN=mot-cua,O=UBND xã Lũng Cú,C=VN"


@pytest.fixture(scope="module")
def authority() -> Certified:
    return certify("CN=CA", ca=True)


@pytest.fixture
def app(database_url: str, authority: Certified, tmp_path: Path) -> Iterator[Flask]:
    """A provider behind a proxy that hands on certificates."""
    file = tmp_path / "authorities.pem"
    file.write_bytes(certify("CN=Another CA", ca=True).pem + authority.pem)
    settings = settings_for(
        database_url, trusted_proxies=1, client_certificate_header=HEADER, client_certificate_ca_file=file, mtls_url="https://mtls.test"
    )
    application = create_app(settings)
    application.test_client_class = FreshContextClient
    with application.app_context():
        yield application
    close(application)


def show(browser: FlaskClient, party: RelyingParty, certificate: Certified | str | None) -> TestResponse:
    header = certificate.header if isinstance(certificate, Certified) else certificate
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": party.client_id}
    return browser.post("/token", data=form, headers={HEADER: header} if header is not None else {})


def issued_party(**given: Any) -> RelyingParty:
    return register_party(token_endpoint_auth_method="tls_client_auth", **{"tls_client_auth_subject_dn": SUBJECT, **given})


def self_signed_party(certificate: Certified) -> RelyingParty:
    jwk = ECKey.import_key(certificate.key.public_key()).as_dict(private=False)
    der = base64.b64encode(certificate.certificate.public_bytes(Encoding.DER)).decode()
    return register_party(token_endpoint_auth_method="self_signed_tls_client_auth", jwks={"keys": [{**jwk, "x5c": [der]}]})


def test_the_holder_of_an_issued_certificate_is_known_by_its_subject(browser: FlaskClient, authority: Certified) -> None:
    party = issued_party()
    assert is_known(show(browser, party, certify(SUBJECT, issuer=authority)))
    assert is_known(show(browser, party, certify(SUBJECT, issuer=authority, usage=ExtendedKeyUsageOID.CLIENT_AUTH)))
    for wrong in (
        certify(SUBJECT), certify(SUBJECT, issuer=certify("CN=CA", ca=True)), certify("CN=khac,O=UBND xã Lũng Cú,C=VN", issuer=authority),
        certify("O=UBND xã Lũng Cú,C=VN", issuer=authority), certify(SUBJECT + ",L=x", issuer=authority),
        certify(SUBJECT, issuer=authority, valid=timedelta(days=-1)), certify(SUBJECT, issuer=authority, usage=ExtendedKeyUsageOID.SERVER_AUTH),
    ):  # fmt: skip
        assert not is_known(show(browser, party, wrong))
    assert not is_known(show(browser, party, None))


def test_a_certificate_that_a_client_issued_is_nobody_s(browser: FlaskClient, authority: Certified) -> None:
    leaf = certify("CN=somebody", issuer=authority)
    assert not is_known(show(browser, issued_party(), certify(SUBJECT, issuer=leaf)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("san_dns", "CLIENT.rp.test"), ("san_uri", "urn:rp:client"), ("san_email", "client@rp.test"), ("san_ip", "192.0.2.7")],
)
def test_or_by_another_name_in_it(browser: FlaskClient, authority: Certified, name: str, value: str) -> None:
    party = issued_party(**{"tls_client_auth_subject_dn": None, f"tls_client_auth_{name}": value})
    assert is_known(show(browser, party, certify("CN=x", issuer=authority, names=NAMES)))
    assert not is_known(show(browser, party, certify("CN=x", issuer=authority, names=NAMES[:0])))
    assert not is_known(show(browser, party, certify("CN=client.rp.test", issuer=authority, names=[x509.DNSName("other.rp.test")])))


def test_a_self_signed_certificate_is_known_by_its_key(browser: FlaskClient, authority: Certified) -> None:
    own = certify("CN=anything")
    party = self_signed_party(own)
    assert is_known(show(browser, party, own))
    assert not is_known(show(browser, party, certify("CN=anything")))
    assert not is_known(show(browser, party, certify("CN=anything", issuer=authority)))
    assert not is_known(show(browser, party, None))


def test_the_header_may_be_of_rfc_9440_and_garbage_is_no_certificate(browser: FlaskClient) -> None:
    own = certify("CN=anything")
    party = self_signed_party(own)
    der = base64.b64encode(own.certificate.public_bytes(Encoding.DER)).decode()
    assert is_known(show(browser, party, f":{der}:"))
    for garbage in (
        "",
        "x",
        ":",
        "::",
        ":!!:",
        f":{der[:-8]}:",
        der,
        "%",
        "%zz",
        ":" + "A" * 20_000 + ":",
        "é",
    ):
        assert not is_known(show(browser, party, garbage)), garbage[:30]


def test_a_header_that_no_proxy_sets_is_not_believed(database_url: str) -> None:
    own = certify("CN=anything")
    for given in ({"trusted_proxies": 0, "client_certificate_header": HEADER}, {"trusted_proxies": 1}):
        application = create_app(settings_for(database_url, **given))
        with application.app_context():
            party = self_signed_party(own)
            assert not is_known(show(application.test_client(), party, own))
            told = application.test_client().get("/.well-known/openid-configuration").get_json()
        close(application)
        assert not any("tls" in method for method in told["token_endpoint_auth_methods_supported"])
        assert "tls_client_certificate_bound_access_tokens" not in told


def test_discovery_tells_where_certificates_are_asked_for(browser: FlaskClient) -> None:
    told = browser.get("/.well-known/openid-configuration").get_json()
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(told["token_endpoint_auth_methods_supported"])
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == "https://mtls.test/token"
    assert "authorization_endpoint" not in told["mtls_endpoint_aliases"]


BAD: list[dict[str, Any]] = [
    {"tls_client_auth_subject_dn": None}, {"tls_client_auth_subject_dn": "garbage"}, {"tls_client_auth_subject_dn": ""},
    {"tls_client_auth_san_dns": "a.test"}, {"tls_client_auth_subject_dn": None, "tls_client_auth_san_ip": "1.2.3"},
    {"tls_client_auth_subject_dn": None, "tls_client_auth_san_dns": "a b"}, {"token_endpoint_auth_method": "client_secret_basic"},
    {"tls_client_auth_subject_dn": "CN=" + "x" * 2000},
]  # fmt: skip


def test_exactly_one_name_is_registered_and_it_can_be_read(app: Flask) -> None:
    for given in BAD:
        with pytest.raises(InvalidMetadata):
            assert (
                register_party(**{"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": SUBJECT, **given}) is None
            ), given
