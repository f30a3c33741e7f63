"""Two small real applications for the demo: ordinary relying parties that know the provider by its discovery document only."""
