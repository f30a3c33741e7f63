"""What is sent to fool us: XML that reaches out or grows, signatures that are stripped, moved or of somebody else, cut names, old news."""

import base64
import contextlib
import zlib

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from idp.clock import ManualClock
from idp.saml.bindings import read_form, read_query
from idp.saml.xml_reading import Unreadable, read_xml
from tests.support.people import add_person
from tests.support.relying_party import sign_in
from tests.support.saml_party import Party, answer_in, key_pair

ENTITY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
LAUGHS = "<!DOCTYPE a [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{'&a;' * 9}'>" for n in range(3)) + "]><a>&a2;</a>"
DOCUMENTS = [
    ENTITY, LAUGHS, '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>', "<!DOCTYPE a><a/>", "<a><!-- x --></a>", "<a><?x y?></a>",
    "<?x y?><a/>", "<!-- x --><a/>", "<a/><!-- x -->", "<a>&x;</a>", "<a", "", "<a/><b/>", "\x00", "<a>" * 300 + "</a>" * 300,
    "<a>" + "<b/>" * 5001 + "</a>", "<a x='1' x='2'/>",
]  # fmt: skip


@pytest.fixture
def database_url(postgresql_url: str) -> str:
    """One database: nothing here is about it."""
    return postgresql_url


def test_a_document_with_more_than_elements_and_text_is_not_read() -> None:
    """XXE, entity growth, a DTD elsewhere, comments that cut a name in two."""
    for document in DOCUMENTS:
        with pytest.raises(Unreadable):
            pytest.fail(f"{document[:80]} is read as {read_xml(document.encode())}")
    for encoding in ("utf-16", "utf-32"):
        with pytest.raises(Unreadable):
            read_xml(f'<?xml version="1.0" encoding="{encoding}"?>{ENTITY}'.encode(encoding))


def test_what_is_packed_small_and_unfolds_large_is_not_unfolded(browser: FlaskClient, party: Party) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(b"<a>" + b" " * 9_000_000 + b"</a>") + packer.flush()).decode()
    with pytest.raises(Unreadable):
        read_query(f"SAMLRequest={packed.replace('+', '%2B')}".encode())


QUERIES = [
    "", "SAMLRequest=", "SAMLRequest=%", "SAMLRequest=%ff", "SAMLRequest=a&SAMLRequest=b", "SAMLRequest=a&SAMLResponse=b", "x=y",
    "SAMLRequest=AAAA&SAMLEncoding=other", "SAMLResponse=AAAA", "SAMLRequest=PGE%2BPC9hPg%3D%3D", "SAMLRequest=\u00e1",
]  # fmt: skip


def test_what_is_no_message_is_a_page_of_ours(browser: FlaskClient, party: Party) -> None:
    for query in QUERIES:
        for path in ("/saml/sso", "/saml/slo"):
            assert browser.get(f"{path}?{query}").status_code == 400, (path, query)
    for form in ({}, {"SAMLRequest": "!"}, {"SAMLRequest": base64.b64encode(ENTITY.encode()).decode()}, {"SAMLResponse": "AAAA"}):
        assert browser.post("/saml/sso", data=form).status_code == 400, form


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.binary(max_size=80))
def test_no_octets_are_worth_more_than_a_refusal(raw: bytes) -> None:
    with contextlib.suppress(Unreadable):
        read_form({"SAMLRequest": base64.b64encode(raw).decode()})
    with contextlib.suppress(Unreadable):
        read_query(b"SAMLRequest=" + raw)


def test_a_request_that_must_be_signed_is_nothing_without_its_own_signature(browser: FlaskClient, party: Party) -> None:
    """Signature stripping; a key of somebody else; octets changed after signing; SHA-1."""
    sign_in(browser, add_person())
    good = party.query(party.message())
    assert answer_in(party.ask(browser)).status == ["Success"]
    bare = party.query(party.message(), signed=False)
    wrong = [
        bare, party.query(party.message(), owner="evil.example"), good.replace("RelayState=r-1", "RelayState=r-2"), good + "A",
        good.partition("&Signature=")[0], good.replace("rsa-sha256", "hmac-sha256"), good.replace("2001%2F04%2Fxmldsig-more%23rsa-sha256", "2000%2F09%2Fxmldsig%23rsa-sha1"),
        good.replace("&Signature=", "&Signature=%20"), good.replace("SigAlg=http", "SigAlg=ttp"),
        bare + "&Signature=" + good.rpartition("=")[2],
    ]  # fmt: skip
    for query in wrong:
        page = browser.get(f"/saml/sso?{query}")
        assert page.status_code == 400, query
        assert "SAMLResponse" not in page.text


def test_a_signature_in_a_form_is_over_the_whole_message(browser: FlaskClient, party: Party) -> None:
    sign_in(browser, add_person())
    assert answer_in(party.post(browser, party.signed_xml(party.message()))).status == ["Success"]
    assert party.post(browser, party.message().encode()).status_code == 400
    assert party.post(browser, party.signed_xml(party.message(), owner="evil.example")).status_code == 400
    changed = party.signed_xml(party.message()).replace(b'Version="2.0"', b'Version="2.0" ForceAuthn="false"')
    assert party.post(browser, changed).status_code == 400


def wrapped(party: Party, how: str) -> bytes:
    """A message of the attacker around, beside or above one that the application has signed (XML signature wrapping)."""
    signed = etree.fromstring(party.signed_xml(party.message(ID="_victim00001")))
    evil = etree.fromstring(
        party.message(ID="_attacker001" if how != "same_id" else "_victim00001", AssertionConsumerServiceURL=party.acs + "/hai")
    )
    signature = signed.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    if how == "inside_signature":
        signature.append(etree.fromstring(etree.tostring(signed)))
        evil.insert(1, signature)
    elif how == "extensions":
        place = etree.SubElement(evil, "{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
        evil.insert(1, signature)
        place.append(signed)
    elif how == "child":
        evil.append(signed)
    else:
        evil.insert(1, signature)
        evil.append(signed)
    return bytes(etree.tostring(evil))


@pytest.mark.parametrize("how", ["inside_signature", "extensions", "child", "beside", "same_id"])
def test_a_signed_message_inside_another_proves_nothing(browser: FlaskClient, party: Party, how: str) -> None:
    sign_in(browser, add_person())
    page = party.post(browser, wrapped(party, how))
    assert page.status_code == 400
    assert "SAMLResponse" not in page.text


def test_who_sent_it_is_not_cut_short(browser: FlaskClient, party: Party) -> None:
    """Comment truncation: `https://hoso.example.vn/saml<!-- -->.evil.example`."""
    sign_in(browser, add_person())
    for issuer in (f"{party.entity_id}<!-- -->.evil.example", f"{party.entity_id}<x/>", f"{party.entity_id}/", ""):
        assert party.ask(browser, party.message(issuer=issuer)).status_code == 400, issuer


WRONG = [
    {"Version": "1.1"}, {"Version": ""}, {"ID": "kurz"}, {"ID": "1_starts_with_a_digit"}, {"IssueInstant": ""}, {"IssueInstant": "gestern"},
    {"IssueInstant": "2026-11-24T00:54:00Z"}, {"IssueInstant": "2026-11-24T01:02:00Z"}, {"Destination": "https://evil.example/saml/sso"},
    {"Destination": ""}, {"ForceAuthn": "perhaps"}, {"issuer": "https://nobody.example/"},
]  # fmt: skip


def test_a_message_that_is_not_for_us_or_not_of_now_is_refused(browser: FlaskClient, party: Party, time: ManualClock) -> None:
    sign_in(browser, add_person())
    for attributes in WRONG:
        assert party.ask(browser, party.message(**attributes)).status_code == 400, attributes
    assert party.ask(browser, party.message("LogoutRequest", Destination="http://127.0.0.1:8000/saml/sso")).status_code == 400
    assert party.ask(browser, relay_state="r" * 513).status_code == 400
    classes = f"<saml:AuthnContextClassRef>urn:{'x' * 1000}</saml:AuthnContextClassRef>"
    long = f"<samlp:RequestedAuthnContext>{classes}</samlp:RequestedAuthnContext>"
    assert party.ask(browser, party.message(inner=long)).status_code == 400


def test_what_is_asked_for_and_not_offered_is_told_to_the_application(browser: FlaskClient, party: Party) -> None:
    sign_in(browser, add_person())
    artifact = party.message(ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact")
    assert answer_in(party.ask(browser, artifact)).status == ["Requester", "UnsupportedBinding"]
    subject = party.message(inner="<saml:Subject><saml:NameID>x</saml:NameID></saml:Subject>")
    assert answer_in(party.ask(browser, subject)).status == ["Requester", "RequestUnsupported"]


def test_an_application_without_a_certificate_may_ask_unsigned_and_signs_for_nobody(browser: FlaskClient, app: Flask) -> None:
    sign_in(browser, add_person())
    plain = Party("tram.example.vn", signed=False).register()
    assert answer_in(plain.ask(browser)).to == plain.acs
    key_pair("evil.example")
    assert browser.get("/saml/sso?" + plain.query(plain.message(), signed=True, owner="evil.example")).status_code == 400


def test_a_name_with_what_xml_cannot_hold_breaks_nothing(browser: FlaskClient, party: Party) -> None:
    sign_in(browser, add_person("x", 'Vàng\x01 </saml:Attribute><b>&amp; "x" ]]>\ufffe'))
    assert answer_in(party.ask(browser)).attributes["name"] == ['Vàng </saml:Attribute><b>&amp; "x" ]]>']
