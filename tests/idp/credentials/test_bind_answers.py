"""What the answers of directories mean."""

import pytest

from idp.credentials.bind_answers import PASSWORD_POLICY, Answer, understand


@pytest.mark.parametrize(
    ("sub_code", "answer"),
    [
        ("525", Answer.WRONG),
        ("52e", Answer.WRONG),
        ("530", Answer.DISABLED),
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
    assert understand({"result": 49, "message": message}) is answer


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
    controls = {PASSWORD_POLICY: {"value": value}}
    assert understand({"result": 49, "message": "", "controls": controls}) is on_49
    assert understand({"result": 0, "message": "", "controls": controls}) is on_0


@pytest.mark.parametrize(
    ("code", "answer"),
    [(0, Answer.RIGHT), (32, Answer.WRONG), (49, Answer.WRONG), (51, Answer.NO_ANSWER), (52, Answer.NO_ANSWER)]
    + [(code, Answer.REFUSED) for code in (1, 2, 8, 10, 19, 48, 50, 53)],
)
def test_only_an_answer_about_the_password_counts_against_anybody(code: int, answer: Answer) -> None:
    assert understand({"result": code, "message": None}) is answer
