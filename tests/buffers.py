"""Arrays whose surroundings tell who touches them, and what the tests of vector code need to run."""

import ctypes
import mmap
import os
import platform

import numpy as np
import pytest

from sknn_concepts.jit.decorator import COMPILED

HASWELL = "+avx,+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe,+popcnt,+sse4.1,+sse4.2"

needs_jit = pytest.mark.skipif(not COMPILED, reason="about compiled code")
needs_posix = pytest.mark.skipif(os.name != "posix", reason="forbids memory by a call of POSIX")
needs_x86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="describes x86 processors to Numba"
)


def among_nans(array, offset=1):
    """Copy of an array in the middle of not-a-numbers, aligned to its items and to nothing more."""
    buffer = np.full(offset + array.size + 40, np.nan, array.dtype)
    view = buffer[offset : offset + array.size].reshape(array.shape)
    view[...] = array
    return view


def before_forbidden_memory(array):
    """Copy of an array after which comes memory that cannot be read: who does, is ended by the system."""
    size = -(-array.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    memory = mmap.mmap(-1, size + mmap.PAGESIZE)
    end = ctypes.addressof(ctypes.c_char.from_buffer(memory)) + size
    assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(end), mmap.PAGESIZE, 0) == 0
    buffer = np.frombuffer(memory, array.dtype, size // array.itemsize)
    buffer[:] = np.nan
    view = buffer[buffer.size - array.size :].reshape(array.shape)
    view[...] = array
    return view
