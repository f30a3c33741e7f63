"""A dialect that also reads the personal identification number, where the settings name its attribute, and lets go of it at once: only
its mark goes on."""

from dataclasses import replace

from directory_sync.known import KnownPeople
from directory_sync.personal_marks import mark_of
from directory_sync.source.dialect import Dialect
from directory_sync.source.reading import Reading
from idp.settings import current_settings
from idp.wire import messages


def with_marks(dialect: Dialect) -> Dialect:
    """The dialect with the attribute of the settings, or as it is when they name none."""
    attribute = current_settings().ldap_personal_id_attribute
    if not attribute:
        return dialect
    name = attribute.lower()

    def take_in(entry: bytes, known: KnownPeople, reading: Reading) -> None:
        taken = replace(reading, fresh={})
        dialect.take_in(entry, known, taken)
        for key, record in taken.fresh.items():
            _dn, position = messages.read_entry_name(entry, 0, len(entry))
            mark = mark_of(messages.read_first_value(entry, position, len(entry), name))
            reading.fresh[key] = record._replace(personal_mark=mark)

    return replace(dialect, attributes=(*dialect.attributes, attribute), take_in=take_in)
