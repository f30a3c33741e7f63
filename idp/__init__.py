"""The house where a person proves who they are and an application is told."""
