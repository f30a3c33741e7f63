"""Names in a rule by path: whether what it names is there, since a slip of the pen would let nobody in."""

from flask_babel import gettext as _
from sqlalchemy import Connection, select

from clients.path_rules import read_rule
from idp.database import table_of
from idp.errors import Refusal
from idp.people.models import StaffCategory, Unit
from idp.people.roster import require_person_named
from idp.roles.models import Role

_u = table_of(Unit)


def check_names(connection: Connection, line: str) -> None:
    """Raises Refusal or InvalidMetadata for a rule that names a unit, category, role or person that there is not."""
    for kind, name in read_rule(line).subjects:
        if kind == "person":
            require_person_named(connection, name)
        elif kind == "unit" and connection.execute(select(_u.c.id).where(_u.c.code == name)).first() is None:
            raise Refusal(_("Không có đơn vị mã “%(name)s”.", name=name), reason="unit_unknown")
        elif (kind == "category" and name not in set(StaffCategory)) or (kind == "role" and name not in set(Role)):
            raise Refusal(_("Không có loại cán bộ hoặc vai trò “%(name)s”.", name=name), reason="name_unknown")
