"""The check of an application that is open, if one is. It travels with the client in memory: of one that nobody checks, nothing is asked."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select

from clients.check_models import IntegrationCheck
from idp import clock
from idp.database import table_of

_k = table_of(IntegrationCheck)
_open = select(_k.c.id, _k.c.expires_at, _k.c.person_id, _k.c.test_person_id).where(_k.c.open_client_id == bindparam("client"))


@dataclass(frozen=True)
class Watch:
    """An open check: until when it lasts, and whose sign-ins it looks at."""

    check_id: uuid.UUID
    until: datetime
    person_id: uuid.UUID | None
    test_person_id: uuid.UUID | None

    def lets_in(self, person_id: uuid.UUID) -> bool:
        """Whether this is the test person, who may enter while the check lasts."""
        return self.test_person_id is not None and person_id == self.test_person_id and clock.now() < self.until

    def is_about(self, person_id: uuid.UUID | None) -> bool:
        """Whether the check looks at what the application does for this person, or for nobody but itself."""
        return person_id in (None, self.person_id, self.test_person_id)


def watch_of(connection: Connection, client: uuid.UUID) -> Watch | None:
    """The open check of an application."""
    row = connection.execute(_open, {"client": client}).first()
    return Watch(*row) if row is not None else None
