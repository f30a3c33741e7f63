"""The tracker on paper: official forms, prose, evidence, public figures, reports by mail."""
