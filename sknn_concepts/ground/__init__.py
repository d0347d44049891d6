"""Floor 0: the jit decorator, elementary functions, and how strategies and arrays enter compiled kernels."""
