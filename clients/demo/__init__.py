"""Two small real applications for the demo."""
