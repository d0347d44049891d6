"""Matrix products in tiles, and what is known about processors."""
