"""Random values that carry no meaning, and the digests that are all we keep of them."""

import hashlib
import secrets

TOKEN_BYTES = 32


class Secret(str):
    """A string that does not show itself in a log, a traceback or a debugger: only `str.__str__` and joins reveal it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"


def new_token() -> Secret:
    """A fresh URL-safe value of 256 random bits."""
    return Secret(secrets.token_urlsafe(TOKEN_BYTES))


def digest(token: str) -> bytes:
    """SHA-256 of a token, 32 bytes: what is stored and looked up. Enough because tokens have 256 bits of entropy."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
