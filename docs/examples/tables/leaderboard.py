"""
The leaderboard of an ensemble
==============================

:class:`~sknn_concepts.TabularClassifier` trains networks with settings that are drawn at random, and combines those
that predict held-out rows best together. ``leaderboard_`` tells the loss of each candidate on these rows, its weight in
the ensemble, and its settings.
"""

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_wine

from sknn_concepts import TabularClassifier

X, y = load_wine(return_X_y=True, as_frame=True)
model = TabularClassifier(n_members=6, random_state=0, n_jobs=1).fit(X, y)
board = pd.DataFrame(model.leaderboard_)
print(
    board[["held_out_loss", "weight", "n_layers", "n_units", "activation"]]
    .round(3)
    .to_string(index=False)
)

# %%
# A candidate with a larger loss may have weight if it makes different mistakes. A network without hidden layers is
# linear.

names = [
    f"{row.n_layers} x {row.n_units}, {row.activation}" if row.n_layers else "linear"
    for row in board.itertuples()
]
figure, axes = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True, layout="constrained")
axes[0].plot(board["held_out_loss"], board.index, "o", color="#0072B2")
axes[1].barh(board.index, board["weight"], color="#0072B2")
axes[0].set_yticks(board.index, names)
axes[0].invert_yaxis()
axes[0].set(xlabel="log loss on held-out rows", ylabel="layers x units, activation")
axes[1].set(xlabel="weight in the ensemble")
axes[0].grid(alpha=0.3)
plt.show()
