"""What of a SAML application that real work is done with no administrator changes alone, as of any other: where assertions and sign-outs
go, and by which keys it proves itself."""

import hashlib
import json
import uuid
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection

from idp.console.client_history import Changed, changes_told
from idp.console.proposal_kinds import KINDS, Kind
from idp.console.sensitive_changes import facts_of, may_approve, needs_two, proposer_may
from idp.errors import Refusal
from idp.roles.proposals import propose
from idp.saml.parties import Options, change_party, kept_as, lock_row, party_of_row
from idp.saml.party_metadata import PartyFacts, facts_from
from idp.web.viewer import Viewer

KIND = "saml.sensitive_change"


def change_or_propose(
    connection: Connection, client: uuid.UUID, facts: PartyFacts | None, options: Options, *, actor: str, reason: str
) -> uuid.UUID | None:
    """Change it, or where that takes two propose all of it: return the proposal's key. `facts` None: as they are. Raises as
    `change_party`."""
    before, options_before = party_of_row(lock_row(connection, client))
    wanted = facts or before
    with connection.begin_nested() as tried:
        change_party(connection, client, wanted, options, actor=actor, reason=reason)
        if not needs_two(connection, client, actor) or not _is_sensitive((before, options_before), (wanted, options)):
            return None
        tried.rollback()  # what could not be carried out is not proposed
    content = {"before": kept_as(before, options_before), "after": kept_as(wanted, options)}
    return propose(connection, KIND, client, content, reason=reason, actor=actor)


def _is_sensitive(before: tuple[PartyFacts, Options], after: tuple[PartyFacts, Options]) -> bool:
    """Whether an address or a key is let in that was not, or a signature is not asked for any more."""
    was, now = before[0], after[0]
    signed, signs = (facts.signs_requests or options.signs_requests for facts, options in (before, after))
    return (
        bool({one.url for one in now.consumers} - {one.url for one in was.consumers})
        or bool(set(now.certificates) - set(was.certificates))
        or (now.sign_out_url, now.sign_out_answer_url) != (was.sign_out_url, was.sign_out_answer_url)
        or (signed and not signs)
    )


def _differences(row: Any) -> list[Changed]:
    content = json.loads(row.content)
    before, after = (_told(content[name]) for name in ("before", "after"))
    names = [name for name in before if before[name] != after[name]]
    return changes_told({"before": {name: before[name] for name in names}, "after": {name: after[name] for name in names}})


def _told(kept: dict[str, Any]) -> dict[str, Any]:
    facts = facts_from(kept["facts"])
    return {
        _("Địa chỉ trả về"): [one.url for one in facts.consumers],
        _("Địa chỉ nhận lệnh đăng xuất"): [url for url in (facts.sign_out_url, facts.sign_out_answer_url) if url],
        _("Chứng thư ký"): [f"sha256:{hashlib.sha256(one.encode()).hexdigest()}" for one in facts.certificates],
        "name_id": kept["name_id"],
        "attributes": [f"{name}={claim}" for name, claim in kept["attributes"].items()],
        "signs_requests": kept["signs_requests"] or facts.signs_requests,
        "takes_unsolicited": kept["takes_unsolicited"],
    }


def _carry_out(connection: Connection, row: Any, content: dict[str, Any], viewer: Viewer) -> None:
    client, after = uuid.UUID(row.subject), content["after"]
    party = lock_row(connection, client)
    if json.loads(json.dumps(kept_as(*party_of_row(party)))) != content["before"]:
        raise Refusal(_("Ứng dụng đã được thay đổi sau đề xuất này. Từ chối, rồi đề xuất lại."), "client_changed_meanwhile", 409)
    options = Options(after["name_id"], tuple(after["attributes"].items()), after["signs_requests"], after["takes_unsolicited"])
    change_party(connection, client, facts_from(after["facts"]), options, actor=viewer.actor, reason=row.reason)


def set_up() -> None:
    """Let what waits stand among all that does."""
    KINDS[KIND] = Kind(
        _l("Thay đổi ứng dụng đang dùng chính thức"), may_approve, facts_of, _carry_out, proposer_may=proposer_may, differences=_differences
    )
