"""Proof that a connected application works: sign-in, sign-out and leaving, seen in the real thing."""
