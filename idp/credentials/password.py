"""The password factor: the staff directory is asked by an LDAP bind; no password is ever kept here.

The name to bind with comes from the directory's own entry, found by its permanent id; nothing that a person typed gets into
it. That search comes first, for right and wrong passwords alike: an entry renamed since the last sync is still its person's, and
an entry that took over somebody's old name is not.
"""

import time
import uuid

import structlog
from flask_babel import gettext as _

from idp.credentials import even_time
from idp.credentials.bind_answers import Answer, Change, Said
from idp.credentials.directory import NoServerAnswers, the_directory
from idp.credentials.directory_server import ACTIVE_DIRECTORY, DirectoryEntry
from idp.errors import Unavailable
from idp.opaque_tokens import Secret
from idp.settings import current_settings

LONGEST_PASSWORD = 1024
_log = structlog.get_logger()


class WrongPassword(Exception):
    """The directory does not accept this password for this person, whoever that is. `reason` is for the audit trail only."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PasswordRightButRefused(Exception):
    """The password was right, but the directory wants it changed or has closed the account: `answer` says which."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer))
        self.answer = answer


class ChangeRefused(Exception):
    """The old password was right, but the directory does not take the new one: `change` says why, as it told."""

    def __init__(self, change: Change) -> None:
        super().__init__(str(change))
        self.change = change


class DirectoryUnavailable(Unavailable):
    """The password could not be checked. `may_have_counted`: the directory has seen it, and may have counted it as wrong."""

    reason = "directory_unavailable"
    may_have_counted = False


def verify(entry: DirectoryEntry | None, password: str) -> Said:
    """Ask the directory; what it said of a password that is right. Raises WrongPassword, PasswordRightButRefused or
    DirectoryUnavailable.

    Without an entry a name that cannot exist is asked for, so that unknown people cost the same time.
    """
    if not is_worth_asking(password):
        raise WrongPassword("blank")
    asked = entry or DirectoryEntry(str(uuid.uuid4()), "")
    began = time.monotonic()
    try:
        said = the_directory().ask(lambda server, deadline: server.bind(asked, Secret(password), deadline))
    except NoServerAnswers as silence:
        raise _unavailable("no_answer", may_have_counted=silence.saw_password) from None
    if said.answer in (Answer.WRONG, Answer.LOCKED):
        even_time.even_out(began, compared=entry is not None and said.answer is Answer.WRONG)
        raise WrongPassword(str(said.answer))
    if said.answer is Answer.MUST_CHANGE and said.grace_left is not None and not current_settings().ldap_password_change:
        return said  # where nothing is changed here, a password on grace is good as long as the directory takes it
    if said.answer in (Answer.EXPIRED, Answer.MUST_CHANGE, Answer.DISABLED):
        raise PasswordRightButRefused(said.answer)
    if said.answer is not Answer.RIGHT or entry is None:
        raise _unavailable(str(said.answer))
    return said


def may_be_changed_here(answer: Answer) -> bool:
    """Whether somebody whose right password was refused for this can have it changed: without grace OpenLDAP lets nobody near an
    expired one, Active Directory does."""
    if not current_settings().ldap_password_change:
        return False
    return answer is Answer.MUST_CHANGE or (answer is Answer.EXPIRED and the_directory().kind == ACTIVE_DIRECTORY)


def change(entry: DirectoryEntry, old: str, new: str) -> None:
    """Have the directory change a password, the old one having been right just now. Raises ChangeRefused or DirectoryUnavailable."""
    if not is_worth_asking(new):
        raise ChangeRefused(Change.AGAINST_RULES)
    try:
        came = the_directory().ask(lambda server, deadline: server.change_password(entry, Secret(old), Secret(new), deadline))
    except NoServerAnswers:
        raise _unavailable("no_answer") from None
    if came is Change.NO_ANSWER:
        raise _unavailable("busy")
    if came is not Change.DONE:
        raise ChangeRefused(came)


def is_worth_asking(password: str) -> bool:
    """Whether this may be a password at all: nothing else ever reaches the directory."""
    # A name with an empty password binds as nobody in particular, and succeeds (RFC 4513 §5.1.2).
    is_text = not any("\ud800" <= character <= "\udfff" for character in password)
    return bool(password.strip()) and "\0" not in password and is_text and len(password) <= LONGEST_PASSWORD


def _unavailable(reason: str, *, may_have_counted: bool = False) -> DirectoryUnavailable:
    _log.warning("directory.not_asked", answer=reason)
    if may_have_counted:
        told = _("Máy chủ danh bạ trả lời quá chậm nên chưa biết mật khẩu có đúng không. Chờ vài phút rồi thử lại.")
        slow = DirectoryUnavailable(told, reason=reason)
        slow.may_have_counted = True
        return slow
    told = _("Máy chủ danh bạ đang không trả lời nên chưa kiểm tra được mật khẩu. Chờ vài phút rồi thử lại. Lượt này không bị tính là sai.")
    return DirectoryUnavailable(told, reason=reason)
