"""The two sample applications: where each runs, and how it is started."""

import sys

from clients.demo.relying_party import DOCUMENTS, ONE_DOOR, RelyingParty
from deploy.demo.plan import HOST, Plan


def applications(plan: Plan) -> tuple[RelyingParty, RelyingParty]:
    """The two applications as they run in this demo, their secrets left out; each is the other's neighbour."""
    documents_url, one_door_url = f"http://{HOST}:{plan.documents_port}", f"http://{HOST}:{plan.one_door_port}"
    return (
        RelyingParty(DOCUMENTS, documents_url, plan.issuer, DOCUMENTS.key, "", ONE_DOOR.name, one_door_url),
        RelyingParty(ONE_DOOR, one_door_url, plan.issuer, ONE_DOOR.key, "", DOCUMENTS.name, documents_url),
    )


def command(party: RelyingParty) -> list[str]:
    """How an application is started; its client id and secret come in the environment, where no other account reads them."""
    neighbour = ["--neighbour-name", party.neighbour_name or "", "--neighbour-url", party.neighbour_url or ""]
    where = ["--port", party.base_url.rpartition(":")[2], "--issuer", party.issuer]
    return [sys.executable, "-m", "clients.demo", party.look.key, *where, *neighbour]
