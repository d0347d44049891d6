"""Predictions by onnxruntime, the runtime that the converted models are tested with."""

import numpy as np

#: Largest differences between predictions of ours and of the runtime, absolute and relative, by dtype.
TOLERANCES = {"float32": 1e-5, "float64": 1e-12}


def run(model, feed):
    """Outputs of a model by name, for an array or a dict of arrays by the names of the inputs."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    if not isinstance(feed, dict):
        feed = {session.get_inputs()[0].name: np.ascontiguousarray(feed)}
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feed), strict=True))


def feed_of(frame):
    """Columns of a data frame as inputs: missing strings are empty, dates and durations are microseconds."""
    feed = {}
    for name, column in frame.items():
        if column.dtype == "category" and column.cat.categories.dtype.kind in "iuf":
            column = column.astype(float if column.isna().any() else column.cat.categories.dtype)
        if column.dtype.kind in "mM":
            values = column.to_numpy(f"{column.dtype.kind}8[us]").astype(np.int64)
        elif column.dtype.kind in "biuf":
            values = column.to_numpy()
        else:
            values = column.astype(object).where(column.notna(), "").to_numpy(object)
        feed[name] = values[:, None]
    return feed


def assert_close(actual, expected, dtype="float32"):
    """Compare predictions, of which the runtime returns those of a single output as a column."""
    expected = np.asarray(expected)
    assert actual.size == expected.size and len(actual) == len(expected)
    tolerance = TOLERANCES[str(np.dtype(dtype))]
    np.testing.assert_allclose(actual.reshape(expected.shape), expected, rtol=tolerance, atol=tolerance)
