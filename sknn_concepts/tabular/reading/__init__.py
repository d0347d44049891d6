"""Reading of tables: cells, dates, levels of categories, and what is learned of each column."""
