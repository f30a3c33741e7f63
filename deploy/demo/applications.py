"""The two sample applications as they run in the demo."""

from dataclasses import replace

from clients.demo.__main__ import serve
from clients.demo.relying_party import DOCUMENTS, ONE_DOOR, RelyingParty
from deploy.demo.plan import HOST, Plan


def applications(plan: Plan) -> tuple[RelyingParty, RelyingParty]:
    """The two applications, their secrets left out; each is the other's neighbour."""
    documents_url, one_door_url = f"http://{HOST}:{plan.documents_port}", f"http://{HOST}:{plan.one_door_port}"
    return (
        RelyingParty(DOCUMENTS, documents_url, plan.issuer, DOCUMENTS.key, "", ONE_DOOR.name, one_door_url),
        RelyingParty(ONE_DOOR, one_door_url, plan.issuer, ONE_DOOR.key, "", DOCUMENTS.name, documents_url),
    )


def run(party: RelyingParty, client_secret: str) -> None:
    """Serve an application until stopped."""
    serve(replace(party, client_secret=client_secret))
