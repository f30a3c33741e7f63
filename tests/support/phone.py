"""A phone with an application that makes codes."""

import time

import pyotp

STEP_SECONDS = 30


class Phone:
    """Makes codes from a secret, each once: a provider takes no code twice, and takes the next one half a minute early."""

    def __init__(self, secret: str) -> None:
        self._codes = pyotp.HOTP(secret.replace(" ", ""))
        self._last_step = 0

    def code(self) -> str:
        """A code not used before; after two within half a minute the next half minute is waited for, as a person would."""
        step = max(self._last_step + 1, int(time.time()) // STEP_SECONDS)
        while step > int(time.time()) // STEP_SECONDS + 1:
            time.sleep(0.5)
        self._last_step = step
        return self._codes.at(step)
