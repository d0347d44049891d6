"""Interpretation of the cells of a table as numbers, dates, categories, text or identifiers."""
