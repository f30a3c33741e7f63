"""What a directory means by its answer to a bind or to a change of a password: result codes, the password policy control, Active
Directory's sub-codes."""

import enum
import re
from dataclasses import dataclass

from idp.wire import ber
from idp.wire.ber import Malformed
from idp.wire.messages import Result

SUCCESS, CONSTRAINT_VIOLATION, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 0, 19, 32, 49
DID_NOT_WORK = frozenset({51, 52, 80})  # busy, unavailable, other: the server is in trouble
UNWILLING = 53
_POLICY_EXPIRED, _POLICY_LOCKED, _POLICY_MUST_CHANGE = 0, 1, 2
_SUB_CODE = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]+)")
_WIN32_ERROR = re.compile(r"^([0-9a-fA-F]{8}):")
_ERROR_INVALID_PASSWORD = 0x56


class Answer(enum.StrEnum):
    """What the directory said of a name and a password."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"  # said whether the password was right or not
    EXPIRED = "password_expired"
    MUST_CHANGE = "password_must_change"
    DISABLED = "account_disabled"  # said only after the right password
    REFUSED = "directory_refused"  # an answer, but not about the password
    NO_ANSWER = "directory_unavailable"


# Active Directory tells after code 49 what it means (MS-ADTS §5.1.1.1.1, winerror): all but these (52e, 525) say the password was wrong.
_ACTIVE_DIRECTORY = {
    0x530: Answer.DISABLED,  # not at this time
    0x531: Answer.DISABLED,  # not from this computer
    0x532: Answer.EXPIRED,
    0x533: Answer.DISABLED,
    0x701: Answer.DISABLED,  # the account's last day is over
    0x773: Answer.MUST_CHANGE,
    0x775: Answer.LOCKED,
}


@dataclass(frozen=True)
class Said:
    """What was said of a password. `expires_in` (seconds) and `grace_left` (binds) come with a right one that is near or past its
    end, where the directory tells."""

    answer: Answer
    expires_in: int | None = None
    grace_left: int | None = None


class Change(enum.StrEnum):
    """What came of a change of a password."""

    DONE = "done"
    OLD_WRONG = "old_wrong"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_SIMPLE = "too_simple"
    TOO_YOUNG = "too_young"
    USED_BEFORE = "used_before"
    AGAINST_RULES = "against_rules"
    NOT_ALLOWED = "not_allowed"
    NO_ANSWER = "directory_unavailable"


_POLICY_REFUSALS = {
    3: Change.NOT_ALLOWED, 4: Change.OLD_WRONG, 5: Change.TOO_SIMPLE, 6: Change.TOO_SHORT, 7: Change.TOO_YOUNG, 8: Change.USED_BEFORE,
    9: Change.TOO_LONG,
}  # fmt: skip


def understand(result: Result, policy: bytes = b"") -> Said:
    """The meaning of the result of a bind, with the value of the password policy's control."""
    told = _read_policy(policy)
    if result.code == SUCCESS:
        # A bind on grace uses it up: the next ones may be the last, so the password is changed now.
        grace_left = None if told.error == _POLICY_MUST_CHANGE else told.grace_left
        must_change = told.error == _POLICY_MUST_CHANGE or grace_left is not None
        return Said(Answer.MUST_CHANGE if must_change else Answer.RIGHT, told.expires_in, grace_left)
    if result.code == NO_SUCH_OBJECT:
        return Said(Answer.WRONG)
    if result.code == INVALID_CREDENTIALS:
        sub_code = _SUB_CODE.search(result.text)
        if sub_code:
            return Said(_ACTIVE_DIRECTORY.get(int(sub_code[1], 16), Answer.WRONG))
        return Said({_POLICY_EXPIRED: Answer.EXPIRED, _POLICY_LOCKED: Answer.LOCKED}.get(told.error, Answer.WRONG))
    return Said(Answer.NO_ANSWER if result.code in DID_NOT_WORK else Answer.REFUSED)


def understand_change(result: Result, policy: bytes = b"") -> Change:
    """The meaning of the result of a change, whichever kind of directory gave it."""
    if result.code == SUCCESS:
        return Change.DONE
    if result.code in DID_NOT_WORK:
        return Change.NO_ANSWER
    told = _read_policy(policy)
    if told.error in _POLICY_REFUSALS:
        return _POLICY_REFUSALS[told.error]
    if result.code == CONSTRAINT_VIOLATION:
        win32 = _WIN32_ERROR.match(result.text)
        return Change.OLD_WRONG if win32 and int(win32[1], 16) == _ERROR_INVALID_PASSWORD else Change.AGAINST_RULES
    if result.code == INVALID_CREDENTIALS or (result.code == UNWILLING and "old password" in result.text):
        return Change.OLD_WRONG
    return Change.NOT_ALLOWED


@dataclass(frozen=True)
class _Policy:
    error: int = -1
    expires_in: int | None = None
    grace_left: int | None = None


def _read_policy(value: bytes) -> _Policy:
    """SEQUENCE { warning [0] CHOICE { timeBeforeExpiration [0], graceAuthNsRemaining [1] }, error [1] ENUMERATED }, each optional."""
    error, warning = -1, dict[int, int]()
    try:
        start, end = ber.expect(value, 0, len(value), ber.SEQUENCE) if value else (0, 0)
        for tag, begin, finish in ber.elements(value, start, end):
            if tag == 0xA0:
                warning = {kind: ber.to_integer(value, *where) for kind, *where in ber.elements(value, begin, finish)}
            elif tag == 0x81:
                error = ber.to_integer(value, begin, finish)
    except Malformed:
        return _Policy()
    return _Policy(error, warning.get(0x80), warning.get(0x81))
