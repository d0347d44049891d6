"""Clusters of two processes with one thread each."""

import contextlib
import importlib.util
import os
from unittest import mock

import pytest

if importlib.util.find_spec("distributed") is None:
    collect_ignore_glob = ["test_*.py"]


@contextlib.contextmanager
def connected():
    import distributed

    with mock.patch.dict(os.environ):  # in which Dask leaves OMP_NUM_THREADS, and others
        # port 8787 may be taken, which is worth a warning
        cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0")
    with cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="session")
def client():
    """Client of a cluster that all tests share."""
    with connected() as client:
        yield client


@pytest.fixture
def fresh_client():
    """Client of a cluster of its own, to which workers may be added."""
    with mock.patch.dict(os.environ), connected() as client:
        yield client
