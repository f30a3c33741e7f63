"""Every table of the house, imported in one place, so that migrations and tests see them all."""

from clients import catalogue_models, check_models, draft_models, entry_models, saml_models
from clients import models as client_models
from idp import audit, jobs, outbox, spent_identifiers
from idp.api import models as api_models
from idp.console import models as console_models
from idp.credentials import models as credential_models
from idp.emergency import models as emergency_models
from idp.enrollment import models as enrollment_models
from idp.enrollment import standing_models
from idp.enrollment.campaigns import models as campaign_models
from idp.oidc import models as oidc_models
from idp.people import career_models, review_models, source_models, unit_models
from idp.people import models as people_models
from idp.roles import models as role_models
from idp.sessions import models as session_models

MODULES = (
    people_models,
    career_models,
    review_models,
    source_models,
    unit_models,
    role_models,
    credential_models,
    session_models,
    console_models,
    client_models,
    api_models,
    catalogue_models,
    entry_models,
    draft_models,
    saml_models,
    check_models,
    oidc_models,
    emergency_models,
    enrollment_models,
    standing_models,
    campaign_models,
    audit,
    outbox,
    jobs,
    spent_identifiers,
)
