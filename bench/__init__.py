"""What one sign-on costs, beside a peer in the same run."""
