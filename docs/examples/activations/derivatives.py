r"""
Activations and their derivatives
=================================

Backpropagation multiplies a slope :math:`f'(z)` for each layer. That of the logistic function is at most 1/4, that of
tanh at most 1, and that of the rectified linear unit (ReLU) is 0 or 1. Far from 0, the first two are saturated: their
slopes vanish. :class:`~sknn_concepts.inspection.ActivationDisplay` draws values and derivatives as the compiled kernels
compute them.
"""

import matplotlib.pyplot as plt

from sknn_concepts.inspection import ActivationDisplay

display = ActivationDisplay.from_strategies(["logistic", "tanh", "relu", "gelu"])
plt.show()

# %%
# The product of the largest slopes of ten layers shows why deep networks of logistic units learn slowly.

for name, slopes in display.slopes.items():
    print(
        f"{name:9} largest slope {slopes.max():.2f}, over ten layers {slopes.max() ** 10:.1e}"
    )

# %%
# The variants of the ReLU differ for negative net inputs, where the ReLU itself has no slope. Units that are negative
# for all samples then cannot learn any more.

ActivationDisplay.from_strategies(
    ["relu", "leaky_relu", "elu", "softplus"], quantities=["value", "slope"]
)
plt.show()
