"""Names, contents and metadata of wheels; whom a wheel may serve; the store with provenance."""
