"""
Signals in deep networks before training
========================================

Random samples pass through 50 layers of 100 units that have not been trained. With weights that are too small, their
values vanish exponentially; the gradients that come back vanish, too. (``fan_in_uniform`` draws intercepts, too. They
are all that is left of the values after a few layers.) The initialization of He keeps the size of both with ReLU, that
of Glorot suits tanh. :class:`~sknn_concepts.inspection.SignalPropagationDisplay` measures both with the network's own
kernels.
"""

import matplotlib.pyplot as plt

from sknn_concepts.inspection import SignalPropagationDisplay

initializers = ["fan_in_uniform", "glorot_normal", "he_normal"]
relu = SignalPropagationDisplay.from_strategies(
    initializers, "relu", depth=50, random_state=0
)
relu.figure_.suptitle("ReLU")
plt.show()

# %%
# With tanh, no value can explode, as units saturate. The weights of He are too large here: gradients grow on their way
# back. With those of Glorot, values shrink slowly, and gradients hardly change.

tanh = SignalPropagationDisplay.from_strategies(
    initializers, "tanh", depth=50, random_state=0
)
tanh.figure_.suptitle("tanh")
plt.show()

# %%
for name, values in relu.values.items():
    print(
        f"{name:15} ReLU: standard deviation {values[-1]:.1e} after 50 layers; tanh: {tanh.values[name][-1]:.1e}"
    )
