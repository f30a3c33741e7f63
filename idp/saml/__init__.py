"""Applications that speak SAML 2.0: an older way of asking the same question, answered by the same sign-in."""
