"""The provider as the OpenID Foundation's conformance suite wants it: on loopback, with a person and clients of its own."""
