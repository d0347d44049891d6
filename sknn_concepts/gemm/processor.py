"""Processors: the shape of the tiles that their vector registers hold, and whether they gather numbers fast."""

import functools
from typing import NamedTuple

from numba.core.registry import cpu_target


class TileShape(NamedTuple):
    """Shape of the tiles on a kind of processor.

    Attributes
    ----------
    vector_bytes : int
        Size of a vector register.
    sums : int
        Registers that hold the sums of a tile; further ones hold a row of `b`, and one or two hold `a`.
    widest : int
        Vectors of columns in the widest tile: many, so that each number of `a` is loaded for many multiplications, but
        few enough to leave rows that reuse each vector of `b`.
    masks : bool
        Whether loading and storing a part of a vector is as fast as the whole.
    """

    vector_bytes: int
    sums: int
    widest: int
    masks: bool

    def heights(self, width):
        """Rows of the tile of `width` vectors, and of its half for the last rows.

        The half still has about eight sums: so many are under way in the multipliers at once. Where each number of `a`
        meets one vector only, loading is what takes the time, and more sums are of no use.
        """
        rows = self.sums // width if width > 1 else 2 * self.sums // 3
        return rows, rows // 2


AVX512 = TileShape(vector_bytes=64, sums=24, widest=4, masks=True)  # 32 registers
AVX2 = TileShape(vector_bytes=32, sums=12, widest=3, masks=False)  # 16 registers
#: Processors, by LLVM's names, that gather the numbers of a sum from scattered places faster than they load each; this
#: has been measured. On others gather instructions may be several times slower than loads.
FAST_GATHERS = ("znver4",)

NEON = TileShape(vector_bytes=16, sums=24, widest=3, masks=False)  # 32 registers


def shape_for(triple, features):
    """Shape of the tiles for a target of LLVM.

    Parameters
    ----------
    triple : str
        Architecture, such as ``"x86_64-unknown-linux-gnu"``.
    features : str
        As Numba hands them to LLVM: ``"+avx2,+fma,-avx512f"``.

    Returns
    -------
    shape : TileShape or None
        None for a processor whose tiles are not known; BLAS computes the products there.
    """
    has = set(features.split(","))
    if triple.startswith("x86_64"):
        if "+avx512f" in has:
            return AVX512
        if {"+avx2", "+fma"} <= has:
            return AVX2
    elif triple.startswith(("aarch64", "arm64")):
        return NEON
    return None


@functools.cache
def _target():
    """Architecture, name and features of the processor; asking LLVM takes as long as predicting a hundred samples."""
    return cpu_target.target_context.codegen().magic_tuple()


def target_shape():
    """Shape of the tiles for the processor that Numba compiles for; ``NUMBA_CPU_FEATURES`` can make it another one."""
    triple, _, features = _target()
    return shape_for(triple, features)


def gathers_fast():
    """Whether the processor that Numba compiles for gathers fast; ``NUMBA_CPU_NAME`` can make it another one."""
    return _target()[1] in FAST_GATHERS
