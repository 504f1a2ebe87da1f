"""Archives from strangers: read so strictly that every other reader must find the same in them."""
