"""The settings of the provider under test: but for addresses, one alone differs from those of a real installation."""

import json
import os
from pathlib import Path

from deploy.conformance.site import Site, SiteMistaken
from deploy.demo.settings_file import kept_sealing_keys, write_private
from directory_sync.demo import province
from idp.sealing import new_key
from idp.settings import PREFIX

FIRST_LINE = "# Written by deploy/conformance at every start.\n"
CERTIFICATE_HEADER = "X-Client-Certificate"


def claim_folder(site: Site) -> None:
    """Take the folder for ourselves. Raises SiteMistaken when another installation lives there: this one knows a person whose
    password is published, and clients of the suite, which no other database is to get."""
    site.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = site.settings_file.is_file() and site.settings_file.read_text(encoding="utf-8").startswith(FIRST_LINE)
    if not ours and (site.settings_file.exists() or site.database.exists()):
        raise SiteMistaken(f"{site.folder} belongs to another installation: choose another by CONFORMANCE_FOLDER")


def write_settings(site: Site, authority: Path) -> None:
    """Write the settings; the sealing key is made the first time and kept. `authority`: the file of the CA of client certificates."""
    suite = site.suite_url.removeprefix("https://")
    settings: dict[str, object] = {
        "issuer": site.issuer,
        "database_url": site.database_url,
        "sealing_keys": kept_sealing_keys(site.settings_file) or new_key(),
        "ldap_url": f"ldap://127.0.0.1:{site.directory_port}",
        "ldap_base_dn": province.BASE_DN,
        "ldap_bind_dn": province.SYNC_DN,
        "ldap_bind_password": province.SYNC_PASSWORD,
        "outbound_allow": suite if ":" in suite else f"{suite}:443",
        "registration_requires_pkce": False,  # the suite sends no code_challenge
    }
    if site.suite_certificate:
        settings["outbound_ca_file"] = str(site.suite_certificate)
    if site.is_mutual:
        settings |= {
            "trusted_proxies": 1,
            "client_certificate_header": CERTIFICATE_HEADER,
            "client_certificate_ca_file": str(authority),
            "mtls_url": site.mtls_url,
        }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items()]
    write_private(site.settings_file, FIRST_LINE + "".join(lines))


def forget_other_settings(site: Site) -> None:
    """Only our own file counts: the variables of a real installation must not lead us to its database."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[f"{PREFIX}CONFIG"] = str(site.settings_file)
