"""What the doctor checks, one idea a file."""
