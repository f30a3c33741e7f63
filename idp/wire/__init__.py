"""LDAP as bytes: the codec that the reader of directories and the demo's own directory share."""
