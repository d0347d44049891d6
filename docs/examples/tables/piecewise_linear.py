"""
Piecewise linear encoding of a column
=====================================

:class:`~sknn_concepts.tabular.PiecewiseLinearEncoder` replaces a number by several, one for each interval between
quantiles (Gorishniy, Rubachev and Babenko, 2022). Each of them rises from 0 to 1 within its interval. Even a linear
model can then learn any function that is linear in each interval.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn_concepts import LogisticRegression
from sknn_concepts.tabular import PiecewiseLinearEncoder

random = np.random.default_rng(0)
income = random.lognormal(10.0, 0.7, 3000)[:, None]
chance = np.where(income[:, 0] < 12_000, 0.7, np.where(income[:, 0] < 40_000, 0.2, 0.5))
y = random.uniform(size=3000) < chance

encoder = PiecewiseLinearEncoder(n_bins=8).fit(income)
grid = np.linspace(income.min(), 80_000.0, 400)[:, None]
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
axes[0].plot(grid / 1000, encoder.transform(grid))
axes[0].set(xlabel="income in thousands", ylabel="encoded columns")
models = {
    "encoded": make_pipeline(encoder, LogisticRegression()),
    "scaled": make_pipeline(StandardScaler(), LogisticRegression()),
}
for (name, model), color in zip(models.items(), ["#0072B2", "#D55E00"], strict=True):
    axes[1].plot(
        grid / 1000,
        model.fit(income, y).predict_proba(grid)[:, 1],
        color=color,
        label=name,
    )
truth = np.where(grid < 12_000, 0.7, np.where(grid < 40_000, 0.2, 0.5))
axes[1].plot(grid / 1000, truth, "k:", label="truth")
axes[1].set(xlabel="income in thousands", ylabel="probability", ylim=(0, 1))
axes[1].legend()
plt.show()
