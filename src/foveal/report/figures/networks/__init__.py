"""What is to be seen of a network and its layers."""
