"""Who may do what, for which part of the unit tree."""
