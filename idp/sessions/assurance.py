"""How sure we are of a person: the `acr` values, in rising order (their names sort as they rank)."""

AAL1 = "urn:hopnhat:aal1"  # password
AAL2 = "urn:hopnhat:aal2"  # two factors
AAL3 = "urn:hopnhat:aal3"  # phishing-resistant, user-verified
ALL = (AAL1, AAL2, AAL3)
OFFERED = (AAL1, AAL2)  # what signing in can bring about today

# amr values (RFC 8176 §2; for a recovery code it knows none): kept space-separated in the order in which they were proved.
PASSWORD, OTP, RECOVERY, MULTIPLE = "pwd", "otp", "recovery", "mfa"


def is_enough(reached: str, needed: str) -> bool:
    """Whether an assurance reached satisfies one needed. Unknown values satisfy nothing."""
    return reached in ALL and needed in ALL and reached >= needed
