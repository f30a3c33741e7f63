"""The tracker: how far the province is from its target."""
