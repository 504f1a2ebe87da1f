"""Which interpreters there are, what each says of itself, and which wheels it takes."""
