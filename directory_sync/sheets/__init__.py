"""Spreadsheets as a source: sent, understood, checked, planned and carried out as every source is."""
