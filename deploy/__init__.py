"""Set-up, packages, and the demo's supervisor."""
