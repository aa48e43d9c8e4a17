"""Label Studio's exports, and tasks for it."""
