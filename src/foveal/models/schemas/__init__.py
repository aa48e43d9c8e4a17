"""What a model file may hold, said once a kind of model and checked before anything is built of it."""
