"""Client applications: who they are and what they may ask for."""
