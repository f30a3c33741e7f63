"""What the suite's own browser does on our pages, in its language of tasks and commands: only names of fields and `id`s that stay."""

from typing import Any

from deploy.conformance.site import Site

SECONDS = 10
FAPI = "fapi2-security-profile-final"  # the modules of message signing are called so as well
WRONG_LOGOUTS = (
    "bad-post-logout-redirect-uri", "query-added-to-post-logout-redirect-uri", "bad-id-token-hint", "modified-id-token-hint",
    "no-id-token-hint",
)  # fmt: skip
Task = dict[str, Any]
# Shows the page to the reviewer, where the test wants that.
SHOW = ["wait", "id", "main", SECONDS, r"(?s).*", "update-image-placeholder-optional"]
CONTINUE = ["click", "id", "continue"]


def commands(site: Site, plan: str, username: str, password: str) -> list[dict[str, Any]]:
    """The way through a sign-in and through a sign-out."""
    authorize, end_session = f"{site.issuer}/authorize", f"{site.issuer}/end_session"
    return [
        {
            "match": f"{authorize}*",
            "tasks": [
                _task("Error page", f"{authorize}?*", [SHOW]),
                _sign_in(site, username, password),
                _agree(site),
                _arrived(site, plan, "callback"),
            ],
        },
        {
            "match": f"{end_session}*",
            "tasks": [
                _task("Confirm", f"{end_session}?*", [["click", "id", "continue", "optional"]]),
                _task("Confirm without parameters", end_session, [["click", "id", "continue", "optional"]]),
                _task("Our own page", f"{end_session}*", [SHOW]),
                _task("Arrived", f"{site.at_suite(plan, 'post_logout_redirect')}*", []),
            ],
        },
        *(
            {"match": f"{site.at_suite(plan, page)}*", "tasks": [_task("Ask the iframe", "*", [["wait", "id", "complete", SECONDS]])]}
            for page in ("session_verify", "second_session_verify")
        ),
    ]


def overrides(site: Site, plan: str, username: str, password: str) -> dict[str, Any]:
    """Where a test wants something else of the person: saying no, or opening the page and leaving it alone at first."""
    authorize = f"{site.issuer}/authorize"
    refuse = _task("Refuse", f"{site.issuer}/sign-in*", [["click", "id", "cancel"]], optional=False)
    refused = {"match": f"{authorize}*", "tasks": [refuse, _arrived(site, plan, "callback")]}
    opened = {"match": f"{authorize}*", "match-limit": 1, "tasks": [_task("Only look", f"{site.issuer}/sign-in*", [SHOW])]}
    seen, unseen = _sign_in(site, username, password, SHOW), _sign_in(site, username, password)
    agreed = _task("Consent", f"{authorize}/consent*", [[*SHOW[:4], r"(?s).*https://.*", *SHOW[5:]], CONTINUE], optional=False)
    linked = [{"match": f"{authorize}*", "tasks": [unseen, agreed, _arrived(site, plan, "callback")]}]
    found: dict[str, Any] = {f"oidcc-registration-{name}-uri": {"browser": linked} for name in ("policy", "tos")}
    shown = [{"match": f"{authorize}*", "tasks": [seen, _agree(site), _arrived(site, plan, "callback")]}]
    found |= {module: {"browser": shown} for module in ("oidcc-prompt-login", "oidcc-max-age-1", "oidcc-registration-logo-uri")}
    found |= {f"oidcc-rp-initiated-logout-{wrong}": {"browser": _wrong_logout(site, plan, username, password)} for wrong in WRONG_LOGOUTS}
    found[f"{FAPI}-user-rejects-authentication"] = {"browser": [refused]}
    found[f"{FAPI}-par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"] = {
        "browser": [opened, *commands(site, plan, username, password)]
    }
    return found


def _wrong_logout(site: Site, plan: str, username: str, password: str) -> list[dict[str, Any]]:
    """The question whether to sign out says what is wrong with the request."""
    words = [*SHOW[:4], r"(?s).*(post_logout_redirect_uri|id_token_hint).*", *SHOW[5:]]
    asked = _task("Question", f"{site.issuer}/end_session*", [words, CONTINUE], optional=False)
    sign_in, _, *others = commands(site, plan, username, password)
    return [sign_in, {"match": f"{site.issuer}/end_session*", "tasks": [asked]}, *others]


def _sign_in(site: Site, username: str, password: str, *before: list[Any]) -> Task:
    typed = [["text", "name", "username", username], ["text", "name", "password", password], CONTINUE]
    return _task("Sign in", f"{site.issuer}/sign-in*", [*before, *typed])


def _agree(site: Site) -> Task:
    return _task("Consent", f"{site.issuer}/authorize/consent*", [CONTINUE])


def _arrived(site: Site, plan: str, path: str) -> Task:
    return _task("Back at the application", f"{site.at_suite(plan, path)}*", [["wait", "id", "submission_complete", SECONDS]])


def _task(name: str, match: str, done: list[list[Any]], *, optional: bool = True) -> Task:
    return {"task": name, "match": match, "optional": optional, "commands": done}
