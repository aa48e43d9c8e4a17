"""What a page is made of, and the page as one HTML file."""
