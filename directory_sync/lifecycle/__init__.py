"""From the first day of service to the last: posts, changes that wait for their day, long silences, reviews, and the clock over all of it."""
