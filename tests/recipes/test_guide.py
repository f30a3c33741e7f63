"""docs/integration/README.md: its commands are accepted, its links lead somewhere, and what it promises is what discovery says."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from idp.oidc.claims import CLAIMS_OF_SCOPE
from tests.support.people import add_person, add_unit
from tests.support.recipes import FOLDER, Recipe
from tests.support.relying_party import register_party
from tests.support.saml_party import Party
from wsgi import main

DOCUMENTS = sorted(FOLDER.glob("*.md"))


def commands() -> list[str]:
    """Every `hopnhat …` that a document tells somebody to type."""
    blocks = re.findall(r"^```sh\n(.*?)^```", "\n".join(document.read_text() for document in DOCUMENTS), re.DOTALL | re.MULTILINE)
    return [line for line in "\n".join(blocks).replace("\\\n", " ").splitlines() if line.startswith("hopnhat ")]


def connect_as_the_documents_say() -> None:
    """Register what the documents register at the console: their commands go on from there."""
    for document in DOCUMENTS:
        if "<!-- wizard -->" not in document.read_text():
            continue
        told = {field: entered for _page, field, entered in Recipe(document.name, {}).wizard()}
        site = told.get("Địa chỉ của hệ thống cũ")
        register_party(
            client_id=told["Tên ngắn"],
            redirect_uris=(f"{site}/hopnhat/callback" if site else told["Địa chỉ trả về"],),
            forward_auth_origins=(site,) if site else (),
        )


def test_every_command_is_accepted(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect_as_the_documents_say()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ho-so.xml").write_bytes(Party().metadata())  # what the program of the document would have written
    add_person("nvan", "Nguyễn Văn An")
    add_unit("Sở Y tế", code="H27.9")
    assert len(commands()) > 4
    assert any(command.startswith("hopnhat saml add ") for command in commands())
    for command in commands():
        group, name, *arguments = shlex.split(command)[1:]
        made = CliRunner().invoke(main.commands[group], [name, *arguments])
        assert made.exit_code == 0, (command, made.output, made.exception)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_link_leads_to_a_document(document: object) -> None:
    text = (FOLDER / str(document)).read_text()
    missing = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not (FOLDER / link).exists()]
    assert missing == []


def test_the_guide_names_claims_and_endpoints_that_exist(app: Flask) -> None:
    text = (FOLDER / "README.md").read_text()
    discovery = app.test_client().get("/.well-known/openid-configuration").get_json()
    endpoints = {value.removeprefix(discovery["issuer"]) for name, value in discovery.items() if name.endswith("_endpoint")}
    assert set(re.findall(r"`(?:POST )?(/[a-z_]+)`", text)) <= endpoints
    told = {name for names in CLAIMS_OF_SCOPE.values() for name in names}
    staff = next(line for line in text.splitlines() if line.startswith("| `staff` |"))
    assert set(CLAIMS_OF_SCOPE["staff"]) <= set(re.findall(r"`(\w+)`", staff))
    profile = next(line for line in text.splitlines() if line.startswith("| `profile` |"))
    assert set(re.findall(r"`(\w+)`", profile)) - {"profile"} <= told
    assert set(re.findall(r"`(urn:hopnhat:aal\d)`", text)) == set(discovery["acr_values_supported"])
