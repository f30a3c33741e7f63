"""Bringing people and units in from the staff directory."""
