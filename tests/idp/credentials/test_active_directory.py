"""Rules of an Active Directory, against answers as Samba 4.17 and MS-ADTS give them. `make test-samba` asks a real one."""

import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from flask import Flask

from idp.app import create_app
from idp.credentials.bind_answers import Answer, Change
from idp.credentials.directory_server import ACTIVE_DIRECTORY, OPENLDAP, DirectoryEntry
from idp.credentials.password import ChangeRefused, PasswordRightButRefused, WrongPassword, change, verify
from idp.wire import ber, messages
from tests.support.installation import settings_for

READER, READER_PASSWORD = "idp-sync@hagiang.test", "Sync-only-Pw-1"
PASSWORD = "Mk-đúng của họ 1"
SUB_CODES = {"disabled": "533", "hours": "530", "workstation": "531", "over": "701", "mustchange": "773", "expired": "532"}
KNOWN = {name: uuid.uuid4() for name in ("vmsinh", "locked", *SUB_CODES)}
CAPABILITY = b"1.2.840.113556.1.4.800"


def told(sub_code: str) -> str:
    """What comes with code 49, as recorded."""
    return f"80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data {sub_code}, v1db1"


def answer_to_bind(name: str, password: str) -> tuple[int, str]:
    if name == READER:
        return (0, "") if password == READER_PASSWORD else (49, told("52e"))
    who = name.partition(",")[0].removeprefix("CN=")
    if who == "locked":
        return 49, told("775")
    if who not in KNOWN:
        return 49, told("525")
    if password != PASSWORD:
        return 49, told("52e")
    return (49, told(SUB_CODES[who])) if who in SUB_CODES else (0, "")


class Controller:
    """Answers one connection after the other; remembers what it was asked to find."""

    def __init__(self, *, capability: bytes = CAPABILITY) -> None:
        self.filters: list[bytes] = []
        self.capability = capability

    def serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while request := connection.recv(65536):
                position = 0
                while position < len(request):
                    end = ber.frame_end(request, position, 10**6) or len(request)
                    number, tag, start, stop = messages.read_envelope(request, position, end)
                    for operation in self._answers(tag, request[start:stop]):
                        connection.sendall(messages.message(number, operation))
                    position = end

    def _answers(self, tag: int, body: bytes) -> list[bytes]:
        parts = [body[begin:finish] for _, begin, finish in ber.elements(body, 0, len(body))]
        if tag == 0x60:
            return [result(0x61, *answer_to_bind(parts[1].decode(), parts[2].decode()))]
        if tag == messages.SEARCH_REQUEST:
            if not parts[0]:
                return [found("", {"supportedCapabilities": [self.capability]}), result(messages.SEARCH_DONE, 0)]
            self.filters.append(body)
            names = [name for name, guid in KNOWN.items() if guid.bytes_le in body or str(guid).encode() in body]
            return [*(found(f"CN={name},CN=Users,DC=hagiang,DC=test", {}) for name in names), result(messages.SEARCH_DONE, 0)]
        return []


def result(tag: int, code: int, text: str = "") -> bytes:
    return ber.element(tag, ber.integer(code, ber.ENUMERATED), ber.octets(""), ber.octets(text))


def found(dn: str, attributes: dict[str, list[bytes]]) -> bytes:
    listed = [
        ber.element(ber.SEQUENCE, ber.octets(name), ber.element(ber.SET, *map(ber.octets, values))) for name, values in attributes.items()
    ]
    return ber.element(messages.SEARCH_ENTRY, ber.octets(dn), ber.element(ber.SEQUENCE, *listed))


@contextmanager
def installed(controller: Controller, **given: str) -> Iterator[Flask]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=controller.serve, args=(server.accept()[0],), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        access = {"ldap_bind_dn": READER, "ldap_bind_password": READER_PASSWORD, "ldap_base_dn": "DC=hagiang,DC=test"}
        app = create_app(settings_for("sqlite://", ldap_url=f"ldap://127.0.0.1:{server.getsockname()[1]}", **access, **given))
        with app.test_request_context("/"):
            yield app


def entry(name: str) -> DirectoryEntry:
    return DirectoryEntry(str(KNOWN.get(name, uuid.uuid4())), "")


@pytest.fixture
def controller() -> Controller:
    return Controller()


def test_a_person_is_found_by_object_guid(controller: Controller) -> None:
    with installed(controller) as app:
        verify(entry("vmsinh"), PASSWORD)
        assert app.extensions["hopnhat.directory"].kind == ACTIVE_DIRECTORY
    assert all(b"objectGUID" in wanted and KNOWN["vmsinh"].bytes_le in wanted for wanted in controller.filters)


@pytest.mark.parametrize("given", [{}, {"ldap_kind": "openldap"}])
def test_any_other_directory_is_asked_by_entry_uuid(given: dict[str, str]) -> None:
    controller = Controller(capability=b"1.3.6.1.1.14" if not given else CAPABILITY)
    with installed(controller, **given) as app:
        verify(entry("vmsinh"), PASSWORD)
        assert app.extensions["hopnhat.directory"].kind == OPENLDAP
    assert all(b"entryUUID" in wanted for wanted in controller.filters)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("disabled", Answer.DISABLED),
        ("hours", Answer.DISABLED),
        ("workstation", Answer.DISABLED),
        ("over", Answer.DISABLED),
        ("mustchange", Answer.MUST_CHANGE),
        ("expired", Answer.EXPIRED),
    ],
)
def test_what_stands_against_a_right_password_is_told_after_it_only(controller: Controller, name: str, answer: Answer) -> None:
    """LOG-007."""
    with installed(controller):
        with pytest.raises(PasswordRightButRefused) as refused:
            verify(entry(name), PASSWORD)
        assert refused.value.answer is answer
        with pytest.raises(WrongPassword):
            verify(entry(name), "wrong")


@pytest.mark.parametrize("name", ["locked", "nobody"])
def test_somebody_locked_and_nobody_look_like_a_wrong_password(controller: Controller, name: str) -> None:
    """LOG-007: sub-codes 775 and 525."""
    with installed(controller), pytest.raises(WrongPassword):
        verify(entry(name), PASSWORD)


def test_no_password_is_sent_for_changing_without_encryption(controller: Controller) -> None:
    with installed(controller):
        verify(entry("vmsinh"), PASSWORD)
        with pytest.raises(ChangeRefused) as refused:
            change(entry("vmsinh"), PASSWORD, "Mật khẩu mới 1")
        assert refused.value.change is Change.NOT_ALLOWED
