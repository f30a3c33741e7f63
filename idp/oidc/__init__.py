"""OpenID Connect: one file per endpoint and per grant."""
