"""Every page and form of the console: what it takes, and what of the province it reaches. A new one is written down here first."""

import enum
from dataclasses import dataclass

from idp.web.viewer import Permission


class Reach(enum.Enum):
    """What an address is about, and so how a role for one part of the tree is cut."""

    CLIENT = "an application: those that the part owns; any other is not there"
    DRAFT = "an application being described: one's own and the part's; any other is not there"
    PERSON = "a person: those of the part; any other is not there"
    PROVINCE = "the whole province: refused to a part"
    PART = "a list, a figure or a deed, cut down to the part"
    OWN = "what is the viewer's own, or waits for their word"


@dataclass(frozen=True)
class Route:
    """One method of one address."""

    method: str
    rule: str
    needs: Permission
    reach: Reach


ROUTES: dict[Reach, str] = {
    Reach.CLIENT: """
        GET /console/clients/<client_id> see_clients
        POST /console/clients/<client_id>/<any(disable,enable):deed> change_clients
        GET /console/clients/<client_id>/<any(disable,enable,secret):deed> change_clients
        GET /console/clients/<client_id>/activity see_clients
        GET /console/clients/<client_id>/add-secret change_clients
        POST /console/clients/<client_id>/add-secret change_clients
        GET /console/clients/<client_id>/api see_clients
        POST /console/clients/<client_id>/api grant_roles
        POST /console/clients/<client_id>/api/revoke grant_roles
        GET /console/clients/<client_id>/change change_clients
        POST /console/clients/<client_id>/change change_clients
        GET /console/clients/<client_id>/check see_clients
        POST /console/clients/<client_id>/check change_clients
        POST /console/clients/<client_id>/check/end change_clients
        POST /console/clients/<client_id>/check/leave change_clients
        POST /console/clients/<client_id>/check/look change_clients
        POST /console/clients/<client_id>/check/sign-out change_clients
        POST /console/clients/<client_id>/check/test-person change_clients
        GET /console/clients/<client_id>/entry see_clients
        POST /console/clients/<client_id>/entry change_clients
        GET /console/clients/<client_id>/entry/<uuid:rule_id>/remove change_clients
        POST /console/clients/<client_id>/entry/<uuid:rule_id>/remove change_clients
        POST /console/clients/<client_id>/env change_clients
        GET /console/clients/<client_id>/lifetimes see_clients
        POST /console/clients/<client_id>/lifetimes change_clients
        GET /console/clients/<client_id>/logo change_clients
        POST /console/clients/<client_id>/logo change_clients
        GET /console/clients/<client_id>/paths see_clients
        POST /console/clients/<client_id>/paths change_clients
        POST /console/clients/<client_id>/paths/all change_clients
        GET /console/clients/<client_id>/history see_clients
        GET /console/clients/<client_id>/preview see_clients
        GET /console/clients/<client_id>/roles see_clients
        POST /console/clients/<client_id>/roles change_clients
        GET /console/clients/<client_id>/roles/<uuid:rule_id>/remove change_clients
        POST /console/clients/<client_id>/roles/<uuid:rule_id>/remove change_clients
        GET /console/clients/<client_id>/provisioning see_clients
        POST /console/clients/<client_id>/provisioning change_clients
        GET /console/clients/<client_id>/provisioning/change change_clients
        POST /console/clients/<client_id>/provisioning/change change_clients
        POST /console/clients/<client_id>/secret change_clients
        GET /console/clients/<client_id>/secrets/<uuid:secret_id>/revoke change_clients
        POST /console/clients/<client_id>/secrets/<uuid:secret_id>/revoke change_clients
        GET /console/clients/<client_id>/setup see_clients
        GET /console/clients/<client_id>/token-check see_clients
        POST /console/clients/<client_id>/token-check see_clients
        GET /console/failures/<code> see_clients
    """,
    Reach.DRAFT: """
        POST /console/drafts/<uuid:draft_id>/<any(about,kind,addresses,data):page> draft_clients
        GET /console/drafts/<uuid:draft_id>/<any(about,kind,addresses,data,check):page> draft_clients
        POST /console/drafts/<uuid:draft_id>/approve approve_clients
        GET /console/drafts/<uuid:draft_id>/done draft_clients
        POST /console/drafts/<uuid:draft_id>/done change_clients
        POST /console/drafts/<uuid:draft_id>/recall draft_clients
        POST /console/drafts/<uuid:draft_id>/send-back approve_clients
        POST /console/drafts/<uuid:draft_id>/submit change_clients
        POST /console/drafts/<uuid:draft_id>/withdraw draft_clients
    """,
    Reach.PERSON: """
        GET /console/people/<uuid:person_id> see_people
        GET /console/people/<uuid:person_id>/<any(suspend,restore,sign_out):deed> suspend_people
        POST /console/people/<uuid:person_id>/<any(suspend,restore,sign_out):deed> suspend_people
        GET /console/people/<uuid:person_id>/help/<any(temporary,activation,reset_factors,unlock,proof,withdraw_proof):deed> help_people
        POST /console/people/<uuid:person_id>/help/<any(temporary,activation,reset_factors,unlock,proof,withdraw_proof):deed> help_people
        GET /console/people/<uuid:person_id>/history see_people
        POST /console/people/<uuid:person_id>/history see_people
        GET /console/people/<uuid:person_id>/service decide_on_people
        POST /console/people/<uuid:person_id>/service/plans decide_on_people
        POST /console/people/<uuid:person_id>/service/plans/<uuid:change_id>/call_off decide_on_people
        POST /console/people/<uuid:person_id>/service/posts decide_on_people
        POST /console/people/<uuid:person_id>/service/posts/<uuid:post_id>/end decide_on_people
        GET /console/people/<uuid:person_id>/sessions/<uuid:session_id>/end suspend_people
        POST /console/people/<uuid:person_id>/sessions/<uuid:session_id>/end suspend_people
        POST /console/people/<uuid:person_id>/sync decide_on_people
        GET /console/people/<uuid:person_id>/sync/<int(max=2147483647):run> decide_on_people
    """,
    Reach.PROVINCE: """
        GET /console/add-system change_systems
        POST /console/add-system change_systems
        GET /console/audit see_audit
        GET /console/audit/export see_audit
        POST /console/audit/export see_audit
        POST /console/audit/verify see_audit
        GET /console/emergency see_roles
        POST /console/emergency/sessions/<uuid:session_id>/end grant_roles
        POST /console/enrollment/closings close_periods
        POST /console/enrollment/closings/<int:sequence>/sign close_periods
        POST /console/enrollment/parameters change_tracker
        POST /console/enrollment/parameters/<int:version>/<deed> change_tracker
        POST /console/enrollment/reports/verify see_audit
        GET /console/import-systems change_systems
        POST /console/import-systems change_systems
        GET /console/register-client register_clients
        POST /console/register-client register_clients
        POST /console/reorganisations/<int(max=2147483647):number>/approve run_sync
        POST /console/reorganisations/<int(max=2147483647):number>/withdraw run_sync
        GET /console/reorganisations/new run_sync
        POST /console/reorganisations/new run_sync
        GET /console/scim see_sync
        GET /console/scim/<name>/allow approve_sync
        POST /console/scim/<name>/allow approve_sync
        GET /console/scim/add change_systems
        POST /console/scim/add change_systems
        POST /console/sources run_sync
        POST /console/sync/plan run_sync
        POST /console/sync/run run_sync
        GET /console/systems see_systems
        GET /console/systems.<any(csv,xlsx):form> see_systems
        GET /console/systems/<code> see_systems
        GET /console/systems/<code>/<any(vouch,withdraw,retire,reopen):deed> change_systems
        POST /console/systems/<code>/<any(vouch,withdraw,retire,reopen):deed> change_systems
        GET /console/systems/<code>/change change_systems
        POST /console/systems/<code>/change change_systems
    """,
    Reach.PART: """
        GET /console open_console
        GET /console/clients see_clients
        GET /console/desk decide_on_people
        GET /console/desk/<uuid:case_id> decide_on_people
        POST /console/desk/<uuid:case_id> decide_on_people
        POST /console/desk/<uuid:case_id>/reopen decide_on_people
        GET /console/desk/rules decide_on_people
        POST /console/desk/rules/<uuid:rule_id>/revoke decide_on_people
        GET /console/desk/waiting decide_on_people
        GET /console/drafts draft_clients
        POST /console/drafts draft_clients
        GET /console/enrollment see_tracker
        GET /console/enrollment/campaigns act_on_tracker
        POST /console/enrollment/campaigns act_on_tracker
        GET /console/enrollment/campaigns/<uuid:campaign_id> act_on_tracker
        POST /console/enrollment/campaigns/<uuid:campaign_id>/end act_on_tracker
        GET /console/enrollment/closings see_tracker
        POST /console/enrollment/days act_on_tracker
        POST /console/enrollment/days/<uuid:day_id>/cancel act_on_tracker
        POST /console/enrollment/escalate act_on_tracker
        GET /console/enrollment/now see_tracker
        GET /console/enrollment/parameters see_tracker
        GET /console/enrollment/people see_tracker_names
        POST /console/enrollment/people see_tracker_names
        GET /console/enrollment/quality see_tracker
        GET /console/enrollment/remind act_on_tracker
        POST /console/enrollment/remind act_on_tracker
        GET /console/enrollment/reports see_tracker
        GET /console/enrollment/reports/<int:number> see_tracker
        GET /console/enrollment/reports/<int:number>.<kind> see_tracker
        GET /console/enrollment/reports/definitions see_tracker
        POST /console/enrollment/reports/evidence see_tracker
        GET /console/enrollment/reports/prose see_tracker
        GET /console/enrollment/systems see_tracker
        GET /console/enrollment/tree see_tracker
        GET /console/failures see_clients
        GET /console/idle decide_on_people
        GET /console/leavings see_people
        GET /console/people see_people
        GET /console/people/export see_people
        POST /console/people/export see_people
        GET /console/reorganisations see_sync
        GET /console/reorganisations/<int(max=2147483647):number> see_sync
        GET /console/reorganisations/<int(max=2147483647):number>/rows.csv see_sync
        GET /console/reviews decide_on_people
        POST /console/reviews decide_on_people
        GET /console/reviews/<uuid:campaign_id> decide_on_people
        GET /console/reviews/sheets/<uuid:sheet_id> decide_on_people
        POST /console/reviews/sheets/<uuid:sheet_id> decide_on_people
        GET /console/reviews/sheets/<uuid:sheet_id>/minutes decide_on_people
        GET /console/roles see_roles
        GET /console/roles/<uuid:grant_id>/end grant_roles
        POST /console/roles/<uuid:grant_id>/end grant_roles
        GET /console/roles/new grant_roles
        POST /console/roles/new grant_roles
        GET /console/sessions see_people
        GET /console/sessions/end suspend_people
        POST /console/sessions/end suspend_people
        GET /console/sessions/export see_people
        POST /console/sessions/export see_people
        GET /console/sources see_sync
        GET /console/sync see_sync
        GET /console/sync/<int(max=2147483647):number> see_sync
        GET /console/sync/<int(max=2147483647):number>/approve approve_sync
        POST /console/sync/<int(max=2147483647):number>/approve approve_sync
        GET /console/sync/<int(max=2147483647):number>/plan see_sync
        GET /console/sync/<int(max=2147483647):number>/plan.csv see_sync
        GET /console/sync/<int(max=2147483647):number>/plan.xlsx see_sync
        GET /console/sync/<int(max=2147483647):number>/plan/<uuid:line_id>/hold approve_sync
        POST /console/sync/<int(max=2147483647):number>/plan/<uuid:line_id>/hold approve_sync
        POST /console/sync/<int(max=2147483647):number>/reject approve_sync
        GET /console/sync/held see_sync
        POST /console/sync/held/<uuid:held_id>/release approve_sync
        GET /console/sync/import decide_on_people
        POST /console/sync/import decide_on_people
        GET /console/sync/import/<uuid:import_id> decide_on_people
        GET /console/sync/import/<uuid:import_id>/check decide_on_people
        POST /console/sync/import/<uuid:import_id>/check decide_on_people
        GET /console/sync/import/<uuid:import_id>/columns decide_on_people
        POST /console/sync/import/<uuid:import_id>/columns decide_on_people
        POST /console/sync/import/<uuid:import_id>/encoding decide_on_people
        GET /console/sync/import/<uuid:import_id>/errors.<any(csv,xlsx):kind> decide_on_people
        POST /console/sync/import/<uuid:import_id>/submit decide_on_people
        POST /console/sync/import/<uuid:import_id>/withdraw decide_on_people
        GET /console/sync/import/template.<any(csv,xlsx):kind> decide_on_people
    """,
    Reach.OWN: """
        POST /console/emergency/leave open_console
        POST /console/enrollment/reports/mail see_tracker
        POST /console/filters/<any(people,sessions,audit):of_list> open_console
        POST /console/filters/<uuid:filter_id>/delete open_console
        GET /console/proposals open_console
        GET /console/proposals/<uuid:proposal_id> open_console
        POST /console/proposals/<uuid:proposal_id>/<any(approve,reject,withdraw):deed> open_console
    """,
}


def table() -> list[Route]:
    """All of them."""
    told = [(reach, line.split()) for reach, lines in ROUTES.items() for line in lines.strip().splitlines()]
    return [Route(method, rule, Permission(needs), reach) for reach, (method, rule, needs) in told]
