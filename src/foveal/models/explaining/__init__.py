"""What a trained model looked at."""
