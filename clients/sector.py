"""The sector of a client with pairwise subjects: a list of redirect URIs that its operators publish (OpenID Connect Core §8.1,
Registration §5)."""

import json

from flask_babel import gettext as _

from clients.metadata import ClientMetadata
from clients.refusals import InvalidMetadata
from idp.outbound import OutboundFailed, OutboundRefused, fetch


def check_sector(metadata: ClientMetadata) -> None:
    """Fetch the list and look for the client's redirect URIs in it. Before the transaction: it may take seconds. Raises
    InvalidMetadata."""
    if metadata.sector_identifier_uri is None:
        return
    missing = set(metadata.redirect_uris) - _listed(metadata.sector_identifier_uri, metadata.public_addresses_only)
    if missing:
        raise InvalidMetadata(_("sector_identifier_uri không liệt kê: %(uris)s.", uris=" ".join(sorted(missing))[:300]))


def _listed(uri: str, public_only: bool) -> set[str]:
    try:
        answer = fetch(uri, public_only=public_only)
        listed = json.loads(answer.body) if answer.status == 200 else None
    except (OutboundRefused, OutboundFailed) as trouble:
        raise InvalidMetadata(_("sector_identifier_uri không đọc được: %(why)s.", why=str(trouble))) from None
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise InvalidMetadata(_("sector_identifier_uri phải trả về một mảng JSON các địa chỉ."))
    return set(listed)
