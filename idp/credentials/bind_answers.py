"""What a directory means by its answer to a bind: result codes, the password policy control, Active Directory's sub-codes."""

import enum
import re
from typing import Any

PASSWORD_POLICY = "1.3.6.1.4.1.42.2.27.8.5.1"  # draft-behera-ldap-password-policy
SUCCESS, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 0, 32, 49
DID_NOT_WORK = frozenset({51, 52, 80})  # busy, unavailable, other: the server is in trouble
_POLICY_EXPIRED, _POLICY_LOCKED, _POLICY_MUST_CHANGE = 0, 1, 2
_SUB_CODE = re.compile(r"AcceptSecurityContext error, data ([0-9a-fA-F]+)")


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


# Active Directory tells after code 49 what it means (MS-ADTS §5.1.1.1.1, winerror): all but these say the password was wrong.
_ACTIVE_DIRECTORY = {
    0x530: Answer.DISABLED,  # not at this time
    0x531: Answer.DISABLED,  # not from this computer
    0x532: Answer.EXPIRED,
    0x533: Answer.DISABLED,
    0x701: Answer.DISABLED,  # the account's last day is over
    0x773: Answer.MUST_CHANGE,
    0x775: Answer.LOCKED,
}


def understand(result: dict[str, Any]) -> Answer:
    """The meaning of the result of a bind, as ldap3 gives it."""
    code, policy = result["result"], _policy_error(result)
    if code == SUCCESS:
        return Answer.MUST_CHANGE if policy == _POLICY_MUST_CHANGE else Answer.RIGHT
    if code == NO_SUCH_OBJECT:
        return Answer.WRONG
    if code == INVALID_CREDENTIALS:
        sub_code = _SUB_CODE.search(str(result.get("message") or ""))
        if sub_code:
            return _ACTIVE_DIRECTORY.get(int(sub_code[1], 16), Answer.WRONG)
        return {_POLICY_EXPIRED: Answer.EXPIRED, _POLICY_LOCKED: Answer.LOCKED}.get(policy, Answer.WRONG)
    return Answer.NO_ANSWER if code in DID_NOT_WORK else Answer.REFUSED


def _policy_error(result: dict[str, Any]) -> int:
    """The error of the password policy's answer, -1 for none: SEQUENCE { warning [0] …, error [1] ENUMERATED }, each optional."""
    value = ((result.get("controls") or {}).get(PASSWORD_POLICY) or {}).get("value") or b""
    if not isinstance(value, bytes) or len(value) < 2 or value[0] != 0x30:
        return -1
    position = 2
    while position + 2 <= len(value):
        tag, length = value[position], value[position + 1]
        if tag == 0x81 and length == 1 and position + 2 < len(value):
            return value[position + 2]
        position += 2 + length
    return -1
