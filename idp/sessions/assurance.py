"""How sure we are of a person: the `acr` values, in rising order (their names sort as they rank)."""

AAL1 = "urn:hopnhat:aal1"  # password
AAL2 = "urn:hopnhat:aal2"  # two factors
AAL3 = "urn:hopnhat:aal3"  # phishing-resistant, user-verified
ALL = (AAL1, AAL2, AAL3)
OFFERED = ALL  # what signing in can bring about

# amr values (RFC 8176 §2; for a recovery code and for one from an officer it knows none): kept space-separated in the order in which they were proved.
PASSWORD, OTP, RECOVERY, TEMPORARY, MULTIPLE = "pwd", "otp", "recovery", "temporary", "mfa"
HARDWARE_KEY, SOFTWARE_KEY, PRESENCE = "hwk", "swk", "user"
TEST = "test"  # nobody proved anything: an administrator uses a made-up person to check an application


def with_key(before: str, *, synced: bool) -> tuple[str, ...]:
    """The amr after a key has signed: what was proved before it, then the key (one that is synced is not tied to any hardware)."""
    kept = [method for method in (PASSWORD, OTP) if method in before.split()]
    return (*kept, SOFTWARE_KEY if synced else HARDWARE_KEY, PRESENCE, MULTIPLE)


def is_enough(reached: str, needed: str) -> bool:
    """Whether an assurance reached satisfies one needed. Unknown values satisfy nothing."""
    return reached in ALL and needed in ALL and reached >= needed
