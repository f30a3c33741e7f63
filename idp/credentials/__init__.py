"""One module per factor: what a person knows or holds, and how it is verified."""
