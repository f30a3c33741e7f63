"""The reason that somebody gives for a deed at the console."""

from idp.web.reasons import LONGEST, SHORTEST, read_reason

__all__ = ("LONGEST", "SHORTEST", "read_reason")
