"""`make demo`: a directory, the provider, a worker and two applications, prepared, started and stopped together."""
