"""What the answers of directories mean."""

import pytest

from idp.credentials.bind_answers import Answer, Change, Said, understand, understand_change
from idp.wire.messages import Result


@pytest.mark.parametrize(
    ("sub_code", "answer"),
    [
        ("525", Answer.WRONG),
        ("52e", Answer.WRONG),
        ("530", Answer.DISABLED),
        ("531", Answer.DISABLED),
        ("532", Answer.EXPIRED),
        ("533", Answer.DISABLED),
        ("701", Answer.DISABLED),
        ("773", Answer.MUST_CHANGE),
        ("775", Answer.LOCKED),
        ("ffff", Answer.WRONG),
    ],
)
def test_active_directory_tells_by_its_sub_code(sub_code: str, answer: Answer) -> None:
    message = f"80090308: LdapErr: DSID-0C09056D, comment: AcceptSecurityContext error, data {sub_code}, v4f7c"
    assert understand(Result(49, "", message)) == Said(answer)


@pytest.mark.parametrize(
    ("value", "on_49", "on_0"),
    [
        (b"\x30\x03\x81\x01\x00", Answer.EXPIRED, Answer.RIGHT),
        (b"\x30\x03\x81\x01\x01", Answer.LOCKED, Answer.RIGHT),
        (b"\x30\x03\x81\x01\x02", Answer.WRONG, Answer.MUST_CHANGE),
        (b"\x30\x08\xa0\x03\x80\x01\x09\x81\x01\x00", Answer.EXPIRED, Answer.RIGHT),
        (b"\x30\x05\xa0\x03\x80\x01\x09", Answer.WRONG, Answer.RIGHT),
        (b"\x30\x00", Answer.WRONG, Answer.RIGHT),
        (b"", Answer.WRONG, Answer.RIGHT),
        (b"\x30\x03\x81\x01", Answer.WRONG, Answer.RIGHT),
        (b"\x04\x03\x81\x01\x00", Answer.WRONG, Answer.RIGHT),
    ],
)
def test_a_password_policy_tells_by_its_control(value: bytes, on_49: Answer, on_0: Answer) -> None:
    assert understand(Result(49, "", ""), value).answer is on_49
    assert understand(Result(0, "", ""), value).answer is on_0


def test_a_password_near_its_end_is_told_with_the_time_it_has_left() -> None:
    assert understand(Result(0, "", ""), b"\x30\x06\xa0\x04\x80\x02\x0e\x10") == Said(Answer.RIGHT, expires_in=3600)


def test_a_password_on_grace_is_right_and_must_be_changed_now() -> None:
    """The bind has used one of the last ones up."""
    assert understand(Result(0, "", ""), b"\x30\x05\xa0\x03\x81\x01\x02") == Said(Answer.MUST_CHANGE, grace_left=2)


@pytest.mark.parametrize(
    ("error", "change"),
    [
        (3, Change.NOT_ALLOWED),
        (5, Change.TOO_SIMPLE),
        (6, Change.TOO_SHORT),
        (7, Change.TOO_YOUNG),
        (8, Change.USED_BEFORE),
        (9, Change.TOO_LONG),
    ],
)
def test_a_new_password_is_refused_for_the_reason_that_the_policy_tells(error: int, change: Change) -> None:
    assert understand_change(Result(19, "", "Password fails quality checking policy"), bytes((0x30, 3, 0x81, 1, error))) is change


@pytest.mark.parametrize(
    ("code", "text", "change"),
    [
        (0, "", Change.DONE),
        (19, "00000056: AtrErr: DSID-03191125, #1: 0: 00000056: DSID-03191125, problem 1005 (CONSTRAINT_ATT_TYPE)", Change.OLD_WRONG),
        (19, "0000052D: AtrErr: DSID-03191125, #1: 0: 0000052D: DSID-03191125, problem 1005 (CONSTRAINT_ATT_TYPE)", Change.AGAINST_RULES),
        (19, "", Change.AGAINST_RULES),
        (49, "", Change.OLD_WRONG),
        (53, "unwilling to verify old password", Change.OLD_WRONG),
        (50, "", Change.NOT_ALLOWED),
        (53, "0000001F: SvcErr: DSID-031A12D2, problem 5003 (WILL_NOT_PERFORM)", Change.NOT_ALLOWED),
        (51, "", Change.NO_ANSWER),
    ],
)
def test_a_change_without_a_policys_word_is_told_by_its_code(code: int, text: str, change: Change) -> None:
    assert understand_change(Result(code, "", text)) is change


@pytest.mark.parametrize(
    ("code", "answer"),
    [(0, Answer.RIGHT), (32, Answer.WRONG), (49, Answer.WRONG), (51, Answer.NO_ANSWER), (52, Answer.NO_ANSWER)]
    + [(code, Answer.REFUSED) for code in (1, 2, 8, 10, 19, 48, 50, 53)],
)
def test_only_an_answer_about_the_password_counts_against_anybody(code: int, answer: Answer) -> None:
    assert understand(Result(code, "", "")).answer is answer
