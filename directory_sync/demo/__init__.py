"""The demo's directory: a small LDAP server with an invented province."""
