"""What is shown to people: progress, figures, the report."""
