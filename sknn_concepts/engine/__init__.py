"""Floor 2: kernels over arrays; no scikit-learn in here."""
