"""The provider's settings of the demo, written to a TOML file that `hopnhat` finds by itself."""

import json
import os
import tomllib
from pathlib import Path

from deploy.demo.plan import EXTERNAL_PORT, HOST, Directory, Plan
from idp.sealing import new_key


def write_settings(plan: Plan, directory: Directory) -> None:
    """Write the settings; the sealing key is made the first time and kept, since it opens what is sealed in the database."""
    reachable = (plan.documents_port, plan.one_door_port, EXTERNAL_PORT)
    settings = {
        "issuer": plan.issuer,
        "database_url": plan.database_url,
        "sealing_keys": kept_sealing_keys(plan.settings_file) or new_key(),
        "ldap_url": directory.url,
        "ldap_base_dn": directory.base_dn,
        "ldap_bind_dn": directory.bind_dn,
        "ldap_bind_password": directory.bind_password,
        "sync_full_interval_seconds": 30,  # this directory does not say who was deleted, and nobody waits five minutes at a demo
        "activation_slips": False,  # the newcomer of the demo enrols alone: there is no officer at a desk to print a slip
        "saml": plan.saml,
        "outbound_allow": ",".join([*(f"{HOST}:{port}" for port in reachable), plan.outbound_allow]),
    }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in settings.items()]
    write_private(plan.settings_file, "# Written by `make demo` at every start.\n" + "".join(lines))


def write_private(file: Path, text: str) -> None:
    """Replace a file at once by one that only its owner may read."""
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as output:
        output.write(text)
    fresh.replace(file)


def kept_sealing_keys(file: Path) -> str | None:
    """The sealing keys that a settings file of before holds."""
    if not file.exists():
        return None
    kept = tomllib.loads(file.read_text(encoding="utf-8")).get("sealing_keys")
    return str(kept) if kept else None
