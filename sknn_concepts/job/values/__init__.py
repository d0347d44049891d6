"""What the cells of a table mean: numbers, dates, categories, identifiers."""
