"""Output for users: progress, figures and the report."""
