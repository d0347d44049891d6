"""Reading the bytes of a file as rows of cells."""
