"""Persons and the units they work in."""
