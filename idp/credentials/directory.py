"""The directory that passwords are asked of: one server or several, the first that answers decides, all within one sign-in's time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar, cast

from flask import current_app

from idp.credentials.directory_server import DirectoryServer, Unanswered
from idp.settings import Settings, current_settings

KEY = "hopnhat.directory"
_first_use = threading.Lock()
T = TypeVar("T")


class NoServerAnswers(Exception):
    """No server of the directory gave an answer in time, or none is set. `saw_password`: one was shown the password, and may have
    counted it as wrong."""

    def __init__(self, *, saw_password: bool) -> None:
        super().__init__("no answer")
        self.saw_password = saw_password


class Directory:
    """The servers in the order of the settings; one of these per process."""

    def __init__(self, settings: Settings) -> None:
        self._seconds = settings.ldap_sign_in_seconds
        self.servers = [DirectoryServer(url, settings) for url in settings.ldap_urls]

    @property
    def kind(self) -> str:
        """What kind of directory it is, as far as that is known yet."""
        return next((server.kind for server in self.servers if server.kind != "auto"), "auto")

    def ask(self, question: Callable[[DirectoryServer, float], T]) -> T:
        """The answer of the first server that gives one. A server that is silent gets an even share of the time that is left; one
        that may have seen the password already is the last, so that one wrong password counts once. Raises NoServerAnswers."""
        deadline = time.monotonic() + self._seconds
        for number, server in enumerate(self.servers):
            now = time.monotonic()
            share = (deadline - now) / (len(self.servers) - number)
            try:
                with server.attempt() as admitted:
                    if admitted:
                        return question(server, now + share)
            except Unanswered as trouble:
                if not trouble.may_ask_another:
                    raise NoServerAnswers(saw_password=True) from None
        raise NoServerAnswers(saw_password=False)


def the_directory() -> Directory:
    """The directory of the running application."""
    with _first_use:
        if KEY not in current_app.extensions:
            current_app.extensions[KEY] = Directory(current_settings())
    return cast("Directory", current_app.extensions[KEY])
