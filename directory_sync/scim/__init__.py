"""SCIM 2.0 (RFC 7643, 7644): sources that push their people to us, and applications to which ours are pushed."""
