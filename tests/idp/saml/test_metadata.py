"""Metadata that we take and ours (SAML Metadata §2), the commands, the keys."""

import base64
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from clients.draft_models import Environment
from clients.drafts import card_of
from clients.refusals import InvalidMetadata
from clients.registry import find_client
from idp.database import in_transaction, reader
from idp.errors import Refusal
from idp.roles import proposals
from idp.roles.models import Role
from idp.saml.cli import group
from idp.saml.keys import prepare_key, published_keys, retire_key, signing_key, use_key
from idp.saml.names import FORMATS, TRANSIENT
from idp.saml.parties import party_of_row, require_row, usual_name_id
from idp.saml.party_metadata import read_metadata
from tests.support.saml_party import NAMES, Party, key_pair, put_signing_key
from tests.support.signed_in import browser_of, send_form, words_of
from tests.support.trail import events

POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def bad(party: Party) -> list[bytes]:
    good = party.metadata()
    der = x509.load_pem_x509_certificate(key_pair(party.host)[1].encode()).public_bytes(Encoding.DER)
    odd = (
        der.replace(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x77"),
        der.replace(b"\x02\x01\x02", b"\x02\x01\x07", 1),
    )
    return [
        *(good.replace(base64.b64encode(der), base64.b64encode(one)) for one in odd),
        b"", b"<a/>", good.replace(b"SPSSODescriptor", b"IDPSSODescriptor"), good.replace(b'entityID="https://hoso.example.vn/saml"', b'entityID=""'),
        party.metadata(acs="http://evil.example/acs"), party.metadata(acs="javascript:alert(1)"), party.metadata(acs="https://*.vn/acs"),
        party.metadata(slo="http://evil.example/slo"), party.metadata(root='validUntil="2020-01-01T00:00:00Z"'),
        party.metadata(root='validUntil="soon"'), good.replace(b"SAML:2.0:protocol", b"SAML:1.1:protocol"),
        good.replace(b"HTTP-POST", b"HTTP-Artifact"), good.replace(b'index="7"', b'index="0"'), good.replace(b"MII", b"MIX"),
        b"<!DOCTYPE x [<!ENTITY y 'z'>]>" + good, good.replace(b"<md:SPSS", b"<!-- x --><md:SPSS"), good + b" " * 600_000,
        b"<md:EntitiesDescriptor xmlns:md='urn:oasis:names:tc:SAML:2.0:metadata'>" + good + b"</md:EntitiesDescriptor>",
    ]  # fmt: skip


def test_metadata_that_is_wrong_is_refused_with_the_reason(app: Flask) -> None:
    with app.test_request_context():
        for raw in bad(Party()):
            with pytest.raises(InvalidMetadata):
                pytest.fail(f"read as {read_metadata(raw)}: {raw[:200]!r}")


def test_what_the_metadata_says_is_kept(app: Flask) -> None:
    facts = read_metadata(Party(formats=(FORMATS[TRANSIENT],)).metadata())
    assert facts.entity_id == "https://hoso.example.vn/saml"
    assert [(one.index, one.url) for one in facts.consumers] == [(0, "https://hoso.example.vn/acs"), (7, "https://hoso.example.vn/acs/hai")]
    assert facts.certificates == (key_pair("hoso.example.vn")[1],)
    assert (facts.signs_requests, facts.sign_out_url, usual_name_id(facts)) == (True, "https://hoso.example.vn/slo", TRANSIENT)


def test_our_metadata_announces_every_key_and_the_one_that_signs_first(app: Flask, browser: FlaskClient) -> None:
    in_transaction(put_signing_key)
    old = signing_key(reader()).id
    new = in_transaction(lambda c: prepare_key(c, actor="cli:t"))
    root = etree.fromstring(browser.get("/saml/metadata").data)
    assert root.get("entityID") == "http://127.0.0.1:8000/saml/metadata"
    assert len(root.xpath("//ds:X509Certificate", namespaces=NAMES)) == 2
    assert signing_key(reader()).id == old
    with pytest.raises(Refusal):
        in_transaction(lambda c: retire_key(c, old, actor="cli:t"))
    in_transaction(lambda c: use_key(c, new, actor="cli:t"))
    in_transaction(lambda c: retire_key(c, old, actor="cli:t"))
    assert [row.id for row in published_keys(reader())] == [new]
    assert [event.event for event in events("saml_key.used")] == ["saml_key.used"]


def test_the_commands_register_change_and_list(app: Flask, tmp_path: Path) -> None:
    in_transaction(put_signing_key)
    run = app.test_cli_runner().invoke
    (tmp_path / "sp.xml").write_bytes(Party().metadata())
    (tmp_path / "other.xml").write_bytes(Party("khac.example.vn").metadata())
    made = run(
        group,
        ["add", "--name", "Hồ sơ", "--metadata", str(tmp_path / "sp.xml"), "--client-id", "ho-so", "--attribute", "mail=email", "--json"],
    )
    assert json.loads(made.output)["entity_id"] == "https://hoso.example.vn/saml"
    again = run(group, ["add", "--name", "Hồ sơ", "--metadata", str(tmp_path / "sp.xml")])
    assert again.exit_code == 1
    assert run(group, ["change", "ho-so", "--name-id", "email", "--unsolicited"]).exit_code == 0
    assert run(group, ["change", "ho-so", "--metadata", str(tmp_path / "other.xml")]).exit_code == 1
    assert run(group, ["change", "ho-so", "--attribute", "x=khong_co"]).exit_code == 1
    assert run(group, ["add", "--name", "x", "--metadata-url", "http://169.254.169.254/x"]).exit_code == 1
    (listed,) = json.loads(run(group, ["list", "--json"]).output)
    assert (listed["client_id"], listed["name_id"]) == ("ho-so", "email")
    assert run(group, ["key", "list"]).exit_code == 0


def test_an_administrator_registers_and_changes_one_at_the_console(app: Flask) -> None:
    in_transaction(put_signing_key)
    browser = browser_of(app, Role.IT_ADMIN)
    form = {
        "client_name": "Hồ sơ",
        "metadata": Party().metadata().decode(),
        "scope": ["profile", "email"],
        "minimum_acr": "aal2",
        "name_id": "",
    }
    refused = send_form(browser, "/console/saml", {**form, "metadata": "<script>alert(1)</script>"})
    assert refused.status_code == 400
    assert "<script>alert(1)" not in refused.text
    assert send_form(browser, "/console/saml", {**form, "metadata": "", "metadata_url": "https://127.0.0.1/x"}).status_code == 400
    made = send_form(browser, "/console/saml", form)
    assert made.status_code == 303
    path = made.headers["Location"]
    client = find_client(path.split("/")[-2])
    assert client is not None
    assert card_of(reader(), client.key).environment == Environment.TEST  # type: ignore[union-attr]
    page = words_of(browser.get(path))
    assert "https://hoso.example.vn/acs/hai" in page
    assert "http://127.0.0.1:8000/saml/slo" in page
    assert send_form(browser, path, {"name_id": "email", "reason": ""}).status_code == 400
    assert send_form(browser, path, {"name_id": "email", "attributes": "mail=email", "reason": "Theo đề nghị"}).status_code == 303
    assert events("saml_party.changed")[-1].detail["after"]["attributes"] == {"mail": "email"}
    assert send_form(browser, path, {"metadata": Party("khac.example.vn").metadata().decode(), "reason": "Nhầm tệp"}).status_code == 400


def test_where_assertions_go_is_changed_by_two_unless_it_is_for_tests(app: Flask, party: Party) -> None:
    assert party.registered
    path, first, second = (
        f"/console/clients/{party.registered.client_id}/saml",
        browser_of(app, Role.IT_ADMIN),
        browser_of(app, Role.IT_ADMIN),
    )
    there, elsewhere = "https://hoso.example.vn/acs/hai", "https://hoso.example.vn/acs/khac"
    form = {"metadata": party.metadata().decode().replace(there, elsewhere), "signs_requests": "1", "reason": "Chuyển máy chủ"}

    def consumers() -> set[str]:
        return {one.url for one in party_of_row(require_row(reader(), party.registered.key))[0].consumers}  # type: ignore[union-attr]

    sent = [send_form(first, path, form).headers["Location"] for _twice in range(2)]
    assert sent[0].startswith("/console/proposals/")
    assert sent[0] == sent[1]
    assert elsewhere not in consumers()
    assert elsewhere in words_of(second.get(sent[0]))
    (row,) = proposals.waiting(reader())
    assert send_form(first, f"{sent[0]}/approve", {"shown": row.digest}, page=sent[0]).status_code == 403
    assert send_form(second, f"{sent[0]}/approve", {"shown": row.digest}, page=sent[0]).status_code == 303
    assert elsewhere in consumers()
    assert there not in consumers()
    at_once = send_form(first, path, {"name_id": "email", "signs_requests": "1", "reason": "Theo đề nghị"})
    assert at_once.headers["Location"] == path


def test_an_auditor_sees_and_changes_nothing(app: Flask) -> None:
    party = Party().register()
    assert party.registered
    browser = browser_of(app, Role.AUDITOR)
    path = f"/console/clients/{party.registered.client_id}/saml"
    assert "https://hoso.example.vn/saml" in words_of(browser.get(path))
    assert browser.get("/console/saml").status_code == 403
    assert browser.post(path, data={"reason": "Thử sửa"}).status_code in (400, 403)
