"""What a page of one kind is made of."""
