"""Floor 1: activations, initializers, losses, optimizers and schedules, each a class of formulas."""
