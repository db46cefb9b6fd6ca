"""What words mean. Pure: time, ids and randomness come in as arguments."""
