"""The sections of the page that compares runs."""
