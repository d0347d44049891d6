"""Elementary functions for formulas: activations, losses and optimizers of your own.

`exp`, `expm1`, `log`, `log1p`, `tanh`, `logistic`, `softplus` and `erf` compute with one number in compiled formulas,
and with numbers and arrays in ordinary Python::

    from sknn_concepts.activations import Activation
    from sknn_concepts.math import exp

    class Gaussian(Activation):
        def value(self, z):
            return exp(-z * z)

        def slope(self, z):
            return -2.0 * z * exp(-z * z)

Formulas may also use arithmetic, comparisons, ``abs``, ``min``, ``max``, the functions of Python's ``math``, functions
of one number such as ``np.sqrt`` and ``np.sign``, and functions of your own that use no more than that. But loops over
the functions of this module are vectorized: the LLVM of Numba has no vector math library, so that ``math.exp`` is a
call for each number, while the functions here are compiled to straight-line arithmetic.

They work in float32 or float64 according to their argument; integers are treated as float64. Infinities and NaN are
propagated, underflow is gradual, and poles give infinities without a warning. `expm1` and `log1p` may return +0 for -0.
`ULP` bounds the errors.
"""

import inspect
import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numba import types
from numba.extending import overload
from scipy import special

from sknn_concepts._polynomials import (
    FLOAT32,
    FLOAT64,
    nearest_whole,
    polynomial,
    power_of_two,
    significand_and_exponent,
)
from sknn_concepts._typing import Number
from sknn_concepts.jit.decorator import COMPILED, IN_ORDER, OPTIONS

__all__ = ["ULP", "erf", "exp", "expm1", "log", "log1p", "logistic", "softplus", "tanh"]

#: Bounds of the errors of the compiled functions in float32 and float64, in units in the last place of the exact value.
#: They were measured with and without fused multiply-add, in float32 over every third number of the binades that
#: matter and in float64 over millions of random numbers, and rounded up.
ULP = {
    "exp": (1.1, 1.1),
    "expm1": (1.8, 2.3),
    "log": (1.0, 1.0),
    "log1p": (1.6, 1.6),
    "tanh": (2.6, 2.8),
    "logistic": (2.5, 2.5),
    "softplus": (2.1, 2.2),
    "erf": (3.3, 2.7),
}

Function = TypeVar("Function", bound=Callable[..., Any])

#: LLVM may reorder the sums of a kernel that calls these functions, but not the sums within them.
_OPTIONS = {"fastmath": IN_ORDER, "forceinline": True, **OPTIONS}

_DESCRIPTION = """{summary}

Parameters
----------
x : float or array-like
    In compiled formulas, one number.

Returns
-------
y : float or ndarray
    In the dtype of `x`. Error at most {float32} ulp (float32), {float64} ulp (float64).
"""


def _elementary(function: Function) -> Function:
    """Let a function of NumPy or SciPy give no warnings, and add its argument, its result and its error to its docs."""
    if function.__doc__:  # which -OO removes
        float32, float64 = ULP[function.__name__]
        summary = inspect.cleandoc(function.__doc__)
        function.__doc__ = _DESCRIPTION.format(summary=summary, float32=float32, float64=float64)
    return np.errstate(all="ignore")(function)


def _compiles_to(function):
    """Let kernels compile `function` to a formula, which the decorated function makes for the constants of a dtype."""

    def register(write):
        def choose(*arguments):
            if arguments[0] == types.float32:
                return write(FLOAT32)
            if arguments[0] == types.float64:
                return write(FLOAT64)
            if isinstance(arguments[0], types.Integer | types.Boolean):
                return lambda x: function(np.float64(x))
            return None

        if COMPILED:
            overload(function, strict=False, jit_options=_OPTIONS)(choose)
        return write

    return register


def _exponent_and_rest(x):
    """Pair (n, s) with ``exp(x) = 2^n (1 + s)``, n whole and abs(s) < 0.42; s is precise near 0, too."""


@_compiles_to(_exponent_and_rest)
def _write_exponent_and_rest(c):
    def formula(x):
        n = nearest_whole(x * c.log2_e)
        r = (x - n * c.ln2_upper) - n * c.ln2_lower
        return n, r + r * r * polynomial(r, c.exp)

    return formula


def _exp_of_minus(a):
    """``exp(-a)`` for a >= 0; 2^n times a power of two is normal even where the result is subnormal."""


@_compiles_to(_exp_of_minus)
def _write_exp_of_minus(c):
    def formula(a):
        a = -c.exp_least if a > -c.exp_least else a  # written so that a NaN passes
        n, s = _exponent_and_rest(-a)
        return (c.one + s) * power_of_two(n + c.lift_exponent) * c.unlift

    return formula


def _log_of_parts(f, k):
    """``log(2^k (1 + f))`` for sqrt(1/2) <= 1 + f <= sqrt(2)."""


@_compiles_to(_log_of_parts)
def _write_log_of_parts(c):
    def formula(f, k):
        s = f / (c.two + f)  # log(1 + f) = 2 atanh(s), and 2 s = f - s f
        z = s * s
        return k * c.ln2_upper + (f - (s * (f - z * polynomial(z, c.log)) - k * c.ln2_lower))

    return formula


@_elementary
def exp(x: Number) -> Number:
    """Exponential function, e^x."""
    return np.exp(x * 1.0)


@_compiles_to(exp)
def _write_exp(c):
    def formula(x):
        x = c.exp_greatest if x > c.exp_greatest else x  # written so that a NaN passes
        x = c.exp_least if x < c.exp_least else x
        n, s = _exponent_and_rest(x)
        # in two steps: 2^n alone may be subnormal, or infinite in the last binade
        h = nearest_whole(n * c.half)
        return (c.one + s) * power_of_two(h) * power_of_two(n - h)

    return formula


@_elementary
def expm1(x: Number) -> Number:
    """e^x - 1, which is precise near 0, too."""
    return np.expm1(x * 1.0)


@_compiles_to(expm1)
def _write_expm1(c):
    def formula(x):
        x = c.exp_greatest if x > c.exp_greatest else x
        x = c.exp_least if x < c.exp_least else x
        n, s = _exponent_and_rest(x)
        h = nearest_whole(n * c.half)
        scale = power_of_two(n - h)
        return power_of_two(h) * (scale * s + (scale - power_of_two(-h)))

    return formula


@_elementary
def log(x: Number) -> Number:
    """Natural logarithm; -inf at 0, and NaN below."""
    return np.log(x * 1.0)


@_compiles_to(log)
def _write_log(c):
    def formula(x):
        subnormal = x < c.least_normal
        m, k = significand_and_exponent(x * c.lift if subnormal else x)
        y = _log_of_parts(m - c.one, k - c.lift_exponent if subnormal else k)
        y = y if x > c.zero else (-c.infinity if x == c.zero else c.nan)
        return y if x < c.infinity else x

    return formula


@_elementary
def log1p(x: Number) -> Number:
    """log(1 + x), which is precise near 0, too; -inf at -1, and NaN below."""
    return np.log1p(x * 1.0)


@_compiles_to(log1p)
def _write_log1p(c):
    def formula(x):
        u = c.one + x
        v = u - c.one
        lost = (c.one - (u - v)) + (x - v)  # the rounding error of u (Knuth's two-sum)
        m, k = significand_and_exponent(u)
        lost = lost * power_of_two(-k) if x < c.no_units else c.zero
        y = _log_of_parts((m - c.one) + lost, k)
        y = y if u > c.zero else (-c.infinity if u == c.zero else c.nan)
        return y if x < c.infinity else x

    return formula


@_elementary
def tanh(x: Number) -> Number:
    """Hyperbolic tangent.

    Near 1 and -1 the compiled formula may decrease by up to two units in the last place.
    """
    return np.tanh(x * 1.0)


@_compiles_to(tanh)
def _write_tanh(c):
    def formula(x):
        a = abs(x)
        a = c.tanh_one if a > c.tanh_one else a
        n, s = _exponent_and_rest(a + a)
        scale = power_of_two(n)
        t = scale * s + (scale - c.one)  # e^(2a) - 1
        return math.copysign(t / (t + c.two), x)

    return formula


@_elementary
def logistic(x: Number) -> Number:
    """Logistic function, 1 / (1 + e^-x)."""
    return special.expit(x * 1.0)


@_compiles_to(logistic)
def _write_logistic(c):
    def formula(x):
        e = _exp_of_minus(abs(x))
        return (e if x < c.zero else c.one) / (c.one + e)

    return formula


@_elementary
def softplus(x: Number) -> Number:
    """log(1 + e^x), a smooth max(x, 0)."""
    return np.logaddexp(0.0, x * 1.0)


@_compiles_to(softplus)
def _write_softplus(c):
    def formula(x):
        e = _exp_of_minus(abs(x))
        s = e / (c.two + e)  # log(1 + e) as in _log_of_parts, for e <= 1
        z = s * s
        return (x if x > c.zero else c.zero) + (e - s * (e - z * polynomial(z, c.log_to_two)))

    return formula


@_elementary
def erf(x: Number) -> Number:
    """Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    The compiled formula is ``sign(x) (1 - exp(-a q(a)))`` for a = abs(x), with a polynomial q that approximates
    -log(1 - erf(a)) / a over the whole range.
    """
    return special.erf(x * 1.0)


@_compiles_to(erf)
def _write_erf(c):
    def formula(x):
        a = abs(x)
        a = c.erf_one if a > c.erf_one else a
        n, s = _exponent_and_rest(-a * polynomial(a, c.erf))
        scale = power_of_two(n)
        return math.copysign((c.one - scale) - scale * s, x)

    return formula
