"""Coefficients and bit patterns of the elementary functions.

The polynomials minimize the largest relative error of their function; they were computed by the exchange algorithm of
Remez (1934) with 200 bits. The range reductions are those of Cody and Waite (1980): log 2 is split in two, so that
whole multiples of its upper part are exact.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic


class Constants(NamedTuple):
    """Numbers of the formulas in one dtype; polynomials start with the constant term."""

    zero: Any
    half: Any
    one: Any
    two: Any
    infinity: Any
    nan: Any
    log2_e: Any
    #: log 2 = upper + lower; the upper part has so many zeros at its end that multiples up to 2048 are exact.
    ln2_upper: Any
    ln2_lower: Any
    #: exp is 0 below, infinite above: log of half the least subnormal number, and a little above log of the greatest.
    exp_least: Any
    exp_greatest: Any
    #: (e^r - 1 - r) / r^2 for abs(r) <= log(2) / 2.
    exp: tuple
    least_normal: Any
    #: A power of two that makes subnormal numbers normal, its exponent, and its reciprocal.
    lift: Any
    lift_exponent: Any
    unlift: Any
    #: (log(1 + f) / s - 2) / s^2 in s^2, with s = f / (2 + f), for sqrt(1/2) <= 1 + f <= sqrt(2).
    log: tuple
    #: Least x for which x + 1 rounds to x.
    no_units: Any
    #: Polynomial like `log`, but for 0 <= f <= 1.
    log_to_two: tuple
    #: Numbers from which on tanh and erf are 1 in this dtype.
    tanh_one: Any
    erf_one: Any
    #: -log(1 - erf(a)) / a for 0 <= a <= erf_one.
    erf: tuple


def _typed(dtype, **constants):
    def typed(value):
        return tuple(map(dtype, value)) if isinstance(value, tuple) else dtype(value)

    shared = {"zero": 0.0, "half": 0.5, "one": 1.0, "two": 2.0, "infinity": np.inf, "nan": np.nan}
    return Constants(**{name: typed(value) for name, value in (shared | constants).items()})


FLOAT32 = _typed(
    np.float32,
    log2_e=1.4426950408889634,
    ln2_upper=0.693359375,
    ln2_lower=-2.1219444005469058e-4,
    exp_least=-104.0,
    exp_greatest=89.0,
    exp=(0.50000000623029932, 0.16666542854729367, 0.041666281549888027, 0.0083666074919334131, 0.0013946469503532739),
    least_normal=2.0**-126,
    lift=2.0**25,
    lift_exponent=25,
    unlift=2.0**-25,
    log=(0.66666776704936116, 0.39977495305618796, 0.29873099439746201),
    no_units=2.0**25,
    log_to_two=(0.66666412187175161, 0.40021764514710637, 0.2799791304513968, 0.28031168736322494),
    tanh_one=10.0,
    erf_one=4.0,
    erf=(
        1.1283791716080104,
        0.63661938220286337,
        0.10277782787430628,
        -0.01915305342540508,
        -1.6041492435074073e-4,
        1.6670442320403813e-3,
        -6.3284408719663628e-4,
        1.1764254058246201e-4,
        -9.2563030822181138e-6,
    ),
)

FLOAT64 = _typed(
    np.float64,
    log2_e=1.4426950408889634,
    ln2_upper=0.6931471803691238,
    ln2_lower=1.9082149292705877e-10,
    exp_least=-746.0,
    exp_greatest=710.0,
    exp=(
        0.50000000000000055725,
        0.16666666666666686061,
        0.041666666666573323887,
        0.008333333333314540625,
        0.0013888888932484201546,
        1.9841269903160927e-4,
        2.4801504312199569e-5,
        2.7557227822633566e-6,
        2.7626382193587625e-7,
        2.5114518639244504e-8,
    ),
    least_normal=2.0**-1022,
    lift=2.0**54,
    lift_exponent=54,
    unlift=2.0**-54,
    log=(
        0.66666666666667348955,
        0.39999999999411092355,
        0.28571428743262688585,
        0.22222198475985211247,
        0.18183569739853522051,
        0.1531390324564183158,
        0.14797507719057544295,
    ),
    no_units=2.0**54,
    log_to_two=(
        0.66666666666666299919,
        0.40000000000158766881,
        0.28571428547649343468,
        0.22222223983111983359,
        0.18181743432165454667,
        0.15386570835582055766,
        0.13300825277275835898,
        0.12107296612601312484,
        0.083346600729746214241,
        0.17028929611104366119,
    ),
    tanh_one=20.0,
    erf_one=6.0,
    erf=(
        1.12837916709551257,
        0.636619772367583609,
        0.102772603301788795,
        -0.019128447005071249,
        -2.09194694830230256e-4,
        1.69620638564589396e-3,
        -5.90125552365729942e-4,
        2.58786023030188434e-5,
        6.44918662887465534e-5,
        -2.97240575073644056e-5,
        3.40728380775239047e-6,
        2.83511715985048785e-6,
        -1.74152467777586138e-6,
        3.36346901038964202e-7,
        1.37193043668788345e-7,
        -1.41767306575865912e-7,
        6.57355883716339684e-8,
        -2.09633117791578444e-8,
        4.99786984237518947e-9,
        -9.08255543460536395e-10,
        1.24846024292236287e-10,
        -1.26115759824992176e-11,
        8.84603677712266549e-13,
        -3.85075687437167846e-14,
        7.83472186470127516e-16,
    ),
)


@intrinsic
def polynomial(typing_context, x, coefficients):
    """Evaluate ``c[0] + c[1] x + c[2] x^2 + ...`` by Horner's rule, unrolled."""

    def code(context, builder, signature, arguments):
        x, coefficients = arguments
        terms = [builder.extract_value(coefficients, i) for i in range(len(signature.args[1]))]
        total = terms.pop()
        while terms:
            total = builder.fadd(builder.fmul(total, x), terms.pop())
        return total

    return x(x, coefficients), code


@intrinsic
def nearest_whole(typing_context, x):
    """Whole number nearest to a small x, with one instruction less than a rounding takes."""

    def code(context, builder, signature, arguments):
        layout = _Layout(x)
        carrier = layout.real(1.5 * 2.0**layout.digits)
        return builder.fsub(builder.fadd(arguments[0], carrier), carrier)

    return x(x), code


@intrinsic
def power_of_two(typing_context, n):
    """2^n for a whole number n within the exponents of normal numbers."""

    def code(context, builder, signature, arguments):
        layout = _Layout(n)
        # the last bits of the significand of the sum are n + bias: no conversion is needed, and a NaN does no harm
        biased = builder.fadd(arguments[0], layout.real(1.5 * 2.0**layout.digits + layout.bias))
        bits = builder.shl(builder.bitcast(biased, layout.whole), layout.bits(layout.digits))
        return builder.bitcast(bits, layout.float)

    return n(n), code


@intrinsic
def significand_and_exponent(typing_context, x):
    """Split a positive, normal, finite x into floats (m, k) with ``x = m 2^k`` and ``sqrt(1/2) <= m < sqrt(2)``."""

    def code(context, builder, signature, arguments):
        layout = _Layout(x)
        shifted = builder.sub(builder.bitcast(arguments[0], layout.whole), layout.bits(layout.sqrt_half))
        fraction = builder.and_(shifted, layout.bits(2**layout.digits - 1))
        m = builder.bitcast(builder.add(fraction, layout.bits(layout.sqrt_half)), layout.float)
        # k + bias >= 0 becomes the last bits of 2^digits: a conversion that is vectorized on every processor
        biased = builder.lshr(
            builder.add(shifted, layout.bits(layout.bias << layout.digits)), layout.bits(layout.digits)
        )
        carrier = 2.0**layout.digits
        k = builder.bitcast(builder.or_(biased, layout.bits(layout.pattern(carrier))), layout.float)
        k = builder.fsub(k, layout.real(carrier + layout.bias))
        return context.make_tuple(builder, signature.return_type, (m, k))

    return types.UniTuple(x, 2)(x), code


class _Layout:
    """Bits of an IEEE 754 number."""

    def __init__(self, type_):
        self.digits, self.bias = {types.float32: (23, 127), types.float64: (52, 1023)}[type_]
        self.float = ir.FloatType() if type_ == types.float32 else ir.DoubleType()
        self.whole = ir.IntType(type_.bitwidth)
        self.dtypes = f"f{type_.bitwidth // 8}", f"u{type_.bitwidth // 8}"
        self.sqrt_half = self.pattern(0.5**0.5)

    def real(self, value):
        return ir.Constant(self.float, value)

    def bits(self, value):
        return ir.Constant(self.whole, value)

    def pattern(self, value):
        real, whole = self.dtypes
        return int(np.array(value, real).view(whole))
