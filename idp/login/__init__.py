"""Signing in, step by step."""
