"""The only file that sees all three packages: builds the app, attaches the commands (`hopnhat`)."""
