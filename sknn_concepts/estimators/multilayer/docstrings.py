"""Descriptions that the docstrings of MLPClassifier and MLPRegressor share."""

from sknn_concepts._docstrings import docstring_filler

ARCHITECTURE = """\
hidden_layer_sizes : int, sequence of int or str, default=(100,)
    Units of each hidden layer. A string such as ``"128-64"`` lets a tuner vary the architecture; ``()`` or ``""`` is
    the linear model.
activation : str, Activation or list of these, default="relu"
    Activation of the hidden layers, or a list with one for each: a name of `sknn_concepts.activations.ACTIVATIONS`, or
    an instance, which may be of your own class.
solver : str or Optimizer, default="adam"
    "lbfgs", a name of `sknn_concepts.optimizers.OPTIMIZERS`, or an instance.
alpha : float, default=0.0001
    Strength of the penalty, which is divided by the weight of the samples: the loss of each batch includes
    alpha / weight * ((1 - l1_ratio) / 2 ||W||_2^2 + l1_ratio ||W||_1). Intercepts are not penalized.
batch_size : int or "auto", default="auto"
    Samples in each step of the stochastic solvers; "auto" is min(200, n_samples).
learning_rate : str or Schedule, default="constant"
    Learning-rate schedule: a name of `sknn_concepts.schedules.SCHEDULES`, or an instance. As in scikit-learn,
    solver="adam" ignores the names "invscaling" and "adaptive"; pass an instance to use them.
learning_rate_init : float, default=0.001
    Initial, or largest, learning rate.
power_t : float, default=0.5
    Exponent of "invscaling".
max_iter : int, default=200
    Largest number of epochs, or of iterations of lbfgs.
shuffle : bool, default=True
    Whether to shuffle the samples before each epoch.
random_state : int, RandomState instance or None, default=None
    Generator of initial weights, splits, shuffling and dropout. The same seed gives the model that scikit-learn gives.
tol : float, default=1e-4
    Improvement that counts: training ends when the loss, or the validation score, improves by less than `tol` in more
    than `n_iter_no_change` consecutive epochs. For lbfgs, the largest gradient entry at which it converges.
verbose : bool or int, default=False
    Number k: what every k-th epoch measured is printed; True is 1. Lines go to the logger "sknn_concepts" instead if
    logging is set up for it.
warm_start : bool, default=False
    Whether to start from the weights of the last fit.
momentum : float, default=0.9
    Momentum of solver="sgd".
nesterovs_momentum : bool, default=True
    Whether solver="sgd" uses Nesterov's momentum.
early_stopping : bool, default=False
    Whether to stop when a score on held-out samples no longer improves, and to restore the best weights. The samples
    are `X_val`, or `validation_fraction` of the training data. `partial_fit` needs `X_val` and counts calls: when
    patience runs out, the best weights are restored, and further calls go on from them. lbfgs ignores it.
validation_fraction : float, default=0.1
    Share of the training data to hold out.
beta_1, beta_2 : float, default=0.9 and 0.999
    Decay rates of the moments of adam and its variants.
epsilon : float, default=1e-8
    Number that adam and its variants add to the root.
n_iter_no_change : int, default=10
    Epochs without improvement that are tolerated.
max_fun : int, default=15000
    Largest number of loss evaluations of lbfgs."""

INITIALIZER = """\
initializer : str, Initializer or callable, default="auto"
    A name of `sknn_concepts.initializers.INITIALIZERS`, an instance, or a function
    ``(random_state, fan_in, fan_out) -> weights``. "auto" draws what scikit-learn draws."""

REGULARIZATION = """\
l1_ratio : float, default=0.0
    Share of the L1 penalty in `alpha`. Only lbfgs makes weights exactly zero with it.
dropout : float, default=0.0
    Probability with which a hidden unit is left out of a step.
max_norm : float or None, default=None
    Largest norm of the incoming weights of a unit.
max_grad_norm : float or None, default=None
    Norm to which larger gradients are scaled down.
early_stopping_scoring : str, callable, list of these or None, default=None
    Score that early stopping monitors: None for `score`, "loss" for the validation loss, or anything that scikit-learn
    accepts as `scoring`. Of a list, the first is monitored; the others are only measured, for `history_`.
dtype : {"float32", "float64"} or None, default=None
    Type of the network's numbers; None is float32 for float32 samples and float64 for all others.
n_jobs : int or None, default=None
    Largest number of threads that share the mini-batches of training, the gradient of lbfgs, and predictions of many
    rows. None is the number of a `joblib.parallel_config` context, or as many as OpenMP may use (`OMP_NUM_THREADS`,
    threadpoolctl) outside of one; -1 is all processors. Small networks use one thread. The number of threads never
    changes a bit of a result.
connectivity : None, float or list of array-like, default=None
    Connections of a network that is sparse from the start: None for all of them, a share in (0, 1] of each layer's that
    is drawn at random (each unit has at least one), or a mask of shape (fan_in, fan_out) for each layer. The others are
    removed for good.
pruning : str, Pruner or None, default=None
    Pruner that removes weights after training: a name of `sknn_concepts.pruning.PRUNERS`, or an instance such as
    ``OptimalBrainDamage(sparsity=0.9)``. A pruner with a limit holds out `validation_fraction` of the samples to judge
    by, unless `X_val` is given. `partial_fit` does not prune, and leaves alone what is removed."""

ATTRIBUTES = """\
coefs_ : list of ndarray of shape (fan_in, fan_out)
    Weights of each layer.
intercepts_ : list of ndarray of shape (fan_out,)
    Intercepts of each layer.
loss_ : float
    Loss of the last epoch, with the penalty.
best_loss_ : float or None
    Smallest loss; None with early stopping. This and the attributes up to `best_validation_score_` are those of the
    stochastic solvers only.
loss_curve_ : list of float
    Loss of each epoch.
history_ : dict of str to ndarray of shape (n_epochs,)
    Measurements of each epoch: "loss", "learning_rate" (that of its last step), "seconds", and, where samples are held
    out, "validation_loss", "validation_score", and "validation_" with the name of each further scorer; names for a
    second set of validation samples end with "_2". What an epoch did not measure is NaN. For lbfgs, "loss" and
    "seconds" of each iteration. Warm starts, `partial_fit` and retraining append.
record_ : dict of str to ndarray of shape (n_epochs, n_layers - 1)
    What happened in each layer; only after a fit within :class:`~sknn_concepts.callbacks.TrainingRecord`.
best_iteration_ : int or None
    Number of the epoch in `history_` after which the loss, or with early stopping the validation score, was best; 1 is
    the first.
validation_scores_ : list of float or None
    Score on the held-out samples after each epoch.
validation_loss_curve_ : list of float
    Loss, without penalty, on the held-out samples after each epoch; only where samples are held out.
best_validation_score_ : float or None
    Largest validation score.
n_iter_ : int
    Epochs made, or iterations of lbfgs.
t_ : int
    Samples seen.
masks_ : list of ndarray of bool of shape (fan_in, fan_out)
    Weights that are not removed. This and the attributes up to `pruning_history_` exist only with `connectivity` or a
    pruner.
intercept_masks_ : list of ndarray of bool of shape (fan_out,)
    Intercepts that are not removed.
n_weights_ : int
    Number of weights that are not removed.
sparsity_ : float
    Share of the weights that are removed.
pruning_history_ : list of dict
    Effects of the steps of pruning, the unpruned network first; see :func:`sknn_concepts.pruning.pruning_path`.
n_features_in_ : int
    Number of features seen in fit.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the features, where they have some.
n_layers_ : int
    Number of layers, input and output included.
n_outputs_ : int
    Number of output units.
out_activation_ : str
    Name of the output's activation."""

SAMPLES = """\
X : {array-like, sparse matrix} of shape (n_samples, n_features)
    Samples; sparse ones are never made dense, memory maps are read batch by batch.
y : array-like of shape (n_samples,) or (n_samples, n_outputs)
    Targets: class labels or indicators of several labels per sample, or, for regression, numbers.
sample_weight : array-like of shape (n_samples,), default=None
    Weights of the samples; a weight of 2 counts a sample twice."""

VALIDATION_SAMPLES = """\
X_val : {array-like, sparse matrix} of shape (n_held_out, n_features) or tuple of these, default=None
    Validation samples, for `validation_loss_curve_` and early stopping; not with lbfgs. Of several sets in a tuple, the
    first decides when training stops; the others are only measured, for `history_`.
y_val : array-like or tuple of these, default=None
    Targets of the validation samples.
sample_weight_val : array-like of shape (n_held_out,) or tuple of these, default=None
    Weights of the validation samples; None for a set in a tuple whose samples all count alike."""

fill_docstring = docstring_filler(
    architecture=ARCHITECTURE,
    initializer=INITIALIZER,
    regularization=REGULARIZATION,
    attributes=ATTRIBUTES,
    samples=SAMPLES,
    validation_samples=VALIDATION_SAMPLES,
)
