"""The account in the sealed envelope, for the day on which the directory or the factors of all administrators fail."""
