"""Descriptions that the docstrings of TabularClassifier and TabularRegressor share."""

from sknn_concepts._docstrings import docstring_filler

DESCRIPTION = """\
The table may have numbers, categories, strings, dates and missing values; the dtypes of its columns tell what they
are. No scaling or other preprocessing is needed.

The members of the ensemble are networks with different numbers of layers and units, activations, learning rates,
regularization and encodings of the numbers. They are trained with early stopping on held-out rows, in float32. The
ensemble consists of those that predict held-out rows best together."""

PARAMETERS = """\
n_members : int, default=12
    Number of candidates, whose settings are drawn. More take longer and are more accurate.
max_members : int, default=6
    Maximum number of members, which bounds the cost of predictions.
n_folds : int or "auto", default="auto"
    Number of folds: a member has a network for each fold, which is trained on the other folds. With 1, a fifth of the
    rows is held out. "auto" is 8 for less than 1,500 rows, 4 for less than 30,000, and 1 for more.
time_limit : float or None, default=None
    Seconds after which no network is trained any more; the compilation of kernels, once for each installation, is not
    interrupted. The result then depends on the speed of the computer. None for no limit.
categorical_features : "from_dtype" or array-like, default="from_dtype"
    Names, positions or a boolean mask of columns that are categories although their dtypes are other ones."""

COMMON_PARAMETERS = """\
compute_importances : bool, default=False
    Whether to compute `feature_importances_`, which takes as long as some predictions for each column.
warm_start : bool, default=False
    Whether a further call of `fit` keeps the candidates of the last one and adds as many as `n_members` asks for. The
    data must be the same.
verbose : bool, default=False
    Whether to print a line for each network.
random_state : int, RandomState instance or None, default=None
    Determines the settings, the folds, and the initial weights and batches of the networks. The model is the same
    whatever `n_jobs` is, unless there is a time limit.
n_jobs : int or None, default=None
    Number of networks that are trained at once, in threads. None is the number of joblib's context, or of all
    processors that OpenMP may use. Ignored within ``joblib.parallel_config("dask")``, where the workers of the cluster
    train the networks."""

ATTRIBUTES = """\
members_ : list of Member
    Members of the ensemble, with the attributes `settings`, `encoder` and `networks`, a dict of fitted networks.
weights_ : ndarray of shape (n_members,)
    Weights of the members, with sum 1, in descending order.
leaderboard_ : dict of str to ndarray
    Results and settings of all candidates, the members first: the mean loss of held-out rows, number of networks,
    seconds of training, weight, and each setting. ``pandas.DataFrame(model.leaderboard_)`` shows it as a table.
feature_importances_ : ndarray of shape (n_features_in_,)
    Rise of the mean loss of held-out rows when the values of a column are permuted (Breiman, 2001), if
    `compute_importances`. The loss is the log loss, or the squared error of the standardized target.
n_features_in_ : int
    Number of columns of the table.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Names of the columns, if the table is a data frame whose names are all strings."""

NOTES = """\
All candidates are trained on the first fold. From 1,500 rows on, only the best `max_members` of them are trained on
the other folds. Weights are averages of greedy selections over bootstrap samples of the held-out rows (Caruana et al.,
2004). Ctrl-C ends the training, and the ensemble consists of what was trained."""

REFERENCES = """\
Breiman (2001), Random forests.

Caruana, Niculescu-Mizil, Crew and Ksikes (2004), Ensemble selection from libraries of models.

Gorishniy, Rubachev and Babenko (2022), On embeddings for numerical features in tabular deep learning.

Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network.

Holzmüller, Grinsztajn and Steinwart (2024), Better by default: strong pre-tuned MLPs and boosted trees on tabular
data."""

DISTILLATION = """\
The network has the settings and the encoder of the member with the largest weight among those with hidden layers. The
estimator that is returned contains nothing else, so that it predicts faster and takes less memory, at a small loss of
accuracy. The table may be the one of the fit, or another one, and needs no labels."""

DISTILLATION_ERRORS = """\
If X has less than 10 rows, or other columns than the table of the fit."""

SAMPLES = """\
X : data frame of pandas or polars, or array-like, of shape (n_rows, n_columns)
    Table."""

SAMPLE_WEIGHT = """\
sample_weight : array-like of shape (n_rows,), default=None
    Weights of the rows; those of weight 0 are left out."""

ERRORS = """\
If a parameter is out of its range. If X is sparse or empty, has repeated names, or contains infinity or lists. If X,
y and weights do not have the same length, or less than 2 rows have a weight. If the data of a warm start differ."""

fill_docstring = docstring_filler(
    description=DESCRIPTION,
    parameters=PARAMETERS,
    common_parameters=COMMON_PARAMETERS,
    attributes=ATTRIBUTES,
    notes=NOTES,
    references=REFERENCES,
    distillation=DISTILLATION,
    distillation_errors=DISTILLATION_ERRORS,
    samples=SAMPLES,
    sample_weight=SAMPLE_WEIGHT,
    errors=ERRORS.replace("\n", "\n    "),
)
