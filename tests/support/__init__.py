"""The nouns of the tests."""
