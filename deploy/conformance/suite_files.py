"""The configurations of the suite, a file for each plan, and the list of plans as the suite's run-test-plan.py takes them."""

import json
from dataclasses import dataclass
from typing import Any

from deploy.conformance.browser import commands, overrides
from deploy.conformance.resource_server import PATH
from deploy.conformance.resource_server import SCOPE as API_SCOPE
from deploy.conformance.site import Site
from deploy.conformance.suite_clients import SECOND, keys_of_client
from deploy.demo.settings_file import write_private

REGISTRATION = "registration token"
STATIC, DYNAMIC = "[client_registration=static_client]", "[client_registration=dynamic_client]"


@dataclass(frozen=True)
class TestPlan:
    """One plan of the suite, its variants in its own writing, and the client that it uses; `file` is its name here."""

    file: str
    name: str
    variants: str = ""
    client_id: str = "basic"
    scope: str = "openid profile email offline_access"

    @property
    def is_fapi(self) -> bool:
        """Whether its clients hold keys instead of secrets."""
        return self.name.startswith("fapi2")

    @property
    def needs_nginx(self) -> bool:
        """Whether its clients show certificates or ask an API."""
        return "=mtls" in self.variants or self.is_oauth

    @property
    def is_oauth(self) -> bool:
        """Whether it is of OAuth alone, without OpenID Connect."""
        return "=plain_oauth" in self.variants


def _fapi(client_id: str, authentication: str, constrained: str, *, response: str = "jarm") -> TestPlan:
    variants = f"[client_auth_type={authentication}][sender_constrain={constrained}][openid=openid_connect][fapi_profile=plain_fapi]"
    name = "fapi2-security-profile-final-test-plan"
    if client_id.startswith("signed"):
        name = "fapi2-message-signing-final-test-plan"
        variants += f"[fapi_request_method=signed_non_repudiation][fapi_response_mode={response}]"
    return TestPlan(client_id, name, variants + "[authorization_request_type=simple]", client_id)


def _oauth(file: str, client_id: str, authentication: str, constrained: str, profile: str = "plain_fapi") -> TestPlan:
    like = _fapi(client_id, authentication, constrained)
    variants = like.variants.replace("=openid_connect", "=plain_oauth").replace("=plain_fapi", f"={profile}")
    scope = API_SCOPE if profile != "plain_fapi" else f"{API_SCOPE} offline_access"
    return TestPlan(file, like.name, variants, client_id, scope)


def _logout(file: str, name: str) -> TestPlan:
    return TestPlan(file, f"oidcc-{name}-certification-test-plan", f"[response_type=code]{STATIC}", file)


def _comprehensive(file: str, authentication: str, mode: str) -> TestPlan:
    """Not for certification: all modules of OpenID Connect, for the ways of authentication that the others leave out."""
    variants = f"[client_auth_type={authentication}][response_type=code][response_mode={mode}]{DYNAMIC}"
    return TestPlan(f"all-{file}", "oidcc-test-plan", variants)


PLANS = (
    TestPlan("config", "oidcc-config-certification-test-plan"),
    TestPlan("basic", "oidcc-basic-certification-test-plan", f"[server_metadata=discovery]{STATIC}"),
    TestPlan("formpost", "oidcc-formpost-basic-certification-test-plan", f"[server_metadata=discovery]{STATIC}"),
    _logout("rp-logout", "rp-initiated-logout"),
    _logout("backchannel", "backchannel-rp-initiated-logout"),
    _logout("frontchannel", "frontchannel-rp-initiated-logout"),
    _logout("session", "session-management"),
    TestPlan("dynamic", "oidcc-dynamic-certification-test-plan", "[response_type=code]"),
    TestPlan("basic-dynamic", "oidcc-basic-certification-test-plan", f"[server_metadata=discovery]{DYNAMIC}"),
    _comprehensive("key", "private_key_jwt", "default"),
    _comprehensive("secret-jwt", "client_secret_jwt", "form_post"),
    TestPlan("3rd-party", "oidcc-3rdparty-init-login-certification-test-plan", "[response_type=code]"),
    _fapi("fapi-key-dpop", "private_key_jwt", "dpop"),
    _fapi("fapi-key-mtls", "private_key_jwt", "mtls"),
    _fapi("fapi-mtls-dpop", "mtls", "dpop"),
    _fapi("fapi-mtls-mtls", "mtls", "mtls"),
    _oauth("oauth-key-dpop", "fapi-key-dpop", "private_key_jwt", "dpop"),
    _oauth("oauth-key-mtls", "fapi-key-mtls", "private_key_jwt", "mtls"),
    _oauth("oauth-mtls-dpop", "fapi-mtls-dpop", "mtls", "dpop"),
    _oauth("oauth-mtls-mtls", "fapi-mtls-mtls", "mtls", "mtls"),
    _oauth("oauth-client", "fapi-key-dpop", "private_key_jwt", "dpop", "fapi_client_credentials_grant"),
    _fapi("fapi-eddsa", "private_key_jwt", "dpop"),
    _fapi("signed-requests", "private_key_jwt", "dpop", response="plain_response"),
    _fapi("signed-key-dpop", "private_key_jwt", "dpop"),
    _fapi("signed-mtls-mtls", "mtls", "mtls"),
)


def write_suite_files(site: Site, person: dict[str, str], secrets: dict[str, str]) -> None:
    """Write the configuration of every plan that can run here, and `plans.txt`."""
    site.suite_folder.mkdir(mode=0o700, exist_ok=True)
    lines = []
    for plan in PLANS:
        if site.is_mutual or not plan.needs_nginx:
            file = site.suite_folder / f"{plan.file}.json"
            write_private(file, json.dumps(configuration(site, plan, person, secrets), ensure_ascii=False, indent=2) + "\n")
            lines.append(f"{plan.name}{plan.variants} {file}\n")
    write_private(site.suite_folder / "plans.txt", "".join(lines))


def configuration(site: Site, plan: TestPlan, person: dict[str, str], secrets: dict[str, str]) -> dict[str, Any]:
    """The configuration of one plan."""
    username, password = person["username"], person["password"]
    return {
        "description": f"Hop Nhat: {plan.file}",
        "alias": site.alias_of(plan.file),
        "server": {"discoveryUrl": f"{site.issuer}/.well-known/openid-configuration", "login_hint": username},
        **(_fapi_part(site, plan) if plan.is_fapi else _basic_part(plan.client_id, secrets)),
        "browser": commands(site, plan.file, username, password),
        "override": overrides(site, plan.file, username, password),
        "options": {"browsercontrol_css_enable": False},
    }


def _basic_part(client_id: str, secrets: dict[str, str]) -> dict[str, Any]:
    held = {name: {"client_id": name, "client_secret": secrets[name]} for name in (client_id, "basic2", "post")}
    registers = {"initial_access_token": secrets[REGISTRATION]}
    return {
        "client": {**held[client_id], **registers, "client_name": "Conformance"},
        "client2": {**held["basic2"], **registers, "client_name": "Conformance 2"},
        "client_secret_post": held["post"],
    }


def _fapi_part(site: Site, plan: TestPlan) -> dict[str, Any]:
    client_id = plan.client_id
    api = site.mtls_url if "[sender_constrain=mtls]" in plan.variants else site.issuer  # where the certificate is seen
    part: dict[str, Any] = {"resource": {"resourceUrl": api + (PATH if plan.is_oauth else "/userinfo")}}
    for number in ("", SECOND):
        keys = keys_of_client(site, client_id + number)
        part[f"client{number}"] = {
            "client_id": client_id + number,
            "scope": plan.scope,
            "jwks": keys.private_jwks,
            "dpop_signing_alg": keys.jwk["alg"],
        }
        authority = (site.folder / "authority.pem").read_text(encoding="utf-8")
        part[f"mtls{number}"] = {"cert": keys.certificate, "key": keys.certificate_key, "ca": authority}
    return part
