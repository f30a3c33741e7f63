"""Rules of a lock in a real OpenLDAP: at the next run of the worker the person is out of two applications, and the time is measured."""

from idp import outbox
from idp.database import reader
from idp.oidc import leavings
from idp.oidc.backchannel_logout import DELIVERERS
from tests.directory_sync.conftest import Install
from tests.support.listening_client import listening_client
from tests.support.relying_party import register_party, sign_in
from tests.support.staff_directory import DEPARTMENT, LOCKED, StaffDirectory, person, sync

PROMISED_SECONDS = 300


def test_who_is_locked_in_slapd_is_out_of_both_applications_within_the_promised_time(install: Install, directory: StaffDirectory) -> None:
    """LOG-033, SES-007: from the directory's own change to the last confirmation, by real clocks and real sockets."""
    with listening_client() as one, listening_client() as other:
        app = install(outbound_allow=f"127.0.0.1:{one.port},127.0.0.1:{other.port}")
        sync()
        browser = app.test_client()
        for client in (one, other):
            party = register_party(backchannel_logout_uri=client.url())
            sign_in(browser, person("an.nv").id)
            party.tokens(browser)
        directory.change(f"uid=an.nv,{DEPARTMENT}", pwdAccountLockedTime=LOCKED)
        sync()
        while outbox.deliver_due(DELIVERERS):
            pass
        assert [len(one.taken), len(other.taken)] == [2, 2]  # the session, and all of the person
        [left] = leavings.leavings_of(reader(), person("an.nv").id)
        assert {told.state for told in left.clients} == {"confirmed"}
        assert left.changed_at is not None
        assert left.took is not None
        assert left.took.total_seconds() <= PROMISED_SECONDS
