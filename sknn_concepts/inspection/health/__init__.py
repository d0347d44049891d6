"""What is wrong with the training of an estimator, how it shows, and what to change."""
