"""Loops in whole vector registers: LLVM uses all of a register when it vectorizes a kernel by itself.

On many processors with registers of 512 bits LLVM uses only half of each, because the first such processors lowered
their clock rate when they met wide instructions. The tiles of a product use whole registers in any case, so nothing is
saved; other loops take up to two fifths less time in whole registers.
"""

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.lowering import Lower
from numba.core.typed_passes import NativeLowering

#: Attribute of a function of LLVM. Processors without such registers ignore it.
WHOLE_REGISTERS = '"prefer-vector-width"="512"'


class _Lower(Lower):
    """Numba's translation of a function to LLVM, with the attribute."""

    def setup_function(self, fndesc):
        super().setup_function(fndesc)
        # as a set, because llvmlite knows no attributes that are strings
        set.add(self.function.attributes, WHOLE_REGISTERS)


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "whole_register_lowering"

    @property
    def lowering_class(self):
        return _Lower


class KernelCompiler(CompilerBase):
    """Numba's compiler, with :class:`_Lowering` in the place of its own."""

    def define_pipelines(self):
        """Numba's usual passes over a function."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(_Lowering if step is NativeLowering else step, what) for step, what in passes.passes]
        passes.finalize()
        return [passes]
