"""Messages for formulas that Numba cannot compile."""

import inspect
import re
from types import FunctionType

from numba.core.compiler import run_frontend

from sknn_concepts.jit.formulas import Compilable, unwrap
from sknn_concepts.jit.strategy_type import method_names


def explain(strategy_class, error):
    """Explain in one sentence why the formulas of a class cannot be compiled, given Numba's long message."""
    message = re.sub(r"\[[0-9a-f]{16}, \w+\]", "", str(error))  # digests in the names of types
    asked = re.search(r">>> (\w+)\(.*", message)
    method = asked[1] if asked and asked[1] in method_names else None
    inner = message.partition("Rejected as the implementation raised a specific error:")[2]
    if inner or method is None:
        reason = _reason(inner or message)
    else:
        reason = f"it has no method {method}"
    through = [*dict.fromkeys(re.findall(r"CPUDispatcher\(<function (\S+) at", inner))]
    if inner:
        through += [method] if method else []  # none if it is what a method returns that cannot be used
    else:
        reason, through = _find_unreadable(strategy_class) or (reason, through)
    place = f" (in {', called by '.join(through)})" if through else ""
    return (
        f"{strategy_class.__name__} cannot be compiled: {reason}{place}. Its methods take numbers and return one, and "
        "may use its fields and other methods, Python's math, and functions that use no more than that."
    )


def _find_unreadable(strategy_class):
    """Reason why Numba cannot read a function, with the names of the function and the formula; None if it reads all."""
    for name in sorted(method_names):
        formula = unwrap(inspect.getattr_static(strategy_class, name, None))
        for function in Compilable(single=False).reached(formula) if isinstance(formula, FunctionType) else ():
            try:
                run_frontend(function)
            except Exception as error:
                return _reason(str(error)), [*dict.fromkeys([function.__qualname__, name])]
    return None


def _reason(message):
    """First line of a message of Numba that gives a reason."""
    lines = [re.sub(r"^\s*(- )?(\w+Error: )?", "", line).strip() for line in message.splitlines()]
    lines = [line for line in lines if line and not line.startswith(("Failed in", "Resolution failure"))]
    reason = lines[0] if lines else message
    if reason.startswith("No implementation of function"):
        asked = next((line for line in lines if line.startswith(">>> ")), reason).removeprefix(">>> ")
        stored = re.match(r"setitem\(array\([^)]*\), (Uni)?Tuple\(.*int64( x \d)?\), (.*)\)$", asked)
        return f"a method returns {stored[3]}, which is not a number" if stored else f"there is no {asked}"
    if "'super'" in reason:
        return "super() is not known to Numba; write the name of the class, as in Base.value(self, z)"
    return (
        "recursion, a function that calls itself" if "re-entrant" in reason else reason.partition("..")[0].rstrip(".")
    )
