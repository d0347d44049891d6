"""Machine code of kernels: loops in whole vector registers, and functions that no other kernel replaces.

On many processors with registers of 512 bits LLVM uses only half of each, because the first such processors lowered
their clock rate when they met wide instructions. The tiles of a product use whole registers in any case, so nothing is
saved; other loops take up to two fifths less time in whole registers.

The machine code of a kernel contains copies of the functions that it calls. Numba lets the linker use any copy of the
process in their place, which may have been optimized otherwise: then the process that compiles a kernel computes other
bits than one that loads it from the disk. Here each kernel calls its own copies.
"""

from llvmlite.binding import parse_bitcode
from numba.core.codegen import JITCodeLibrary
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


class _Library(JITCodeLibrary):
    """Machine code of a kernel, whose copies of other functions are visible to itself only."""

    _copies: frozenset = frozenset()

    def _optimize_final_module(self):
        functions = [function for function in self._final_module.functions if not function.is_declaration]
        copies = [function for function in functions if function.linkage.name == "linkonce_odr"]
        # LLVM may change the arguments of internal functions, but Numba's pass over reference counts knows these
        copies = [function for function in copies if not function.name.upper().startswith("NRT_")]
        for function in copies:  # before LLVM optimizes: it inlines what is called once, and deletes what is not called
            function.linkage = "internal"
        self._copies = frozenset(function.name for function in copies)
        super()._optimize_final_module()

    def _get_module_for_linking(self):
        if self._shared_module is None:
            shared = super()._get_module_for_linking()  # a clone
            for function in shared.functions:
                if function.name in self._copies:  # those of several libraries become one where they are linked
                    function.linkage = "linkonce_odr"
        return self._shared_module


class _InternalLibrary(_Library):
    """A kernel that only other kernels call: it is optimized, and becomes machine code, as a part of these."""

    def _optimize_final_module(self):
        pass

    def _finalize_final_module(self):
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name):
        self._ensure_finalized()
        return 0

    @property
    def codegen(self):
        return self

    def set_env(self, name, environment):
        """Do nothing; without machine code there is no place for the environment."""


class LoadedLibrary(JITCodeLibrary):
    """Machine code of a kernel that was loaded from disk.

    The bitcode is there for kernels that are compiled later and call it. Most processes compile none, and parsing it
    takes as long as everything else that loading does.
    """

    @classmethod
    def load(cls, codegen, serialized, names):
        """Machine code that Numba has serialized as object code; `names` are those of the functions to be called."""
        name, _, (machine_code, bitcode) = serialized
        self = cls(codegen, name)
        self._bitcode = bitcode
        self.enable_object_caching()
        self._set_compiled_object(machine_code)
        self._finalize_final_module()
        codegen._engine._defined_symbols.update(names)
        return self

    def _get_module_for_linking(self):
        if self._shared_module is None:
            self._shared_module = parse_bitcode(self._bitcode)
        return self._shared_module


@register_pass(mutates_CFG=True, analysis_only=False)
class _Lowering(NativeLowering):
    _name = "kernel_lowering"
    internal = False

    @property
    def lowering_class(self):
        return _Lower

    def run_pass(self, state):
        library = _InternalLibrary if self.internal else _Library
        state.library = library(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super().run_pass(state)


@register_pass(mutates_CFG=True, analysis_only=False)
class _InternalLowering(_Lowering):
    _name = "internal_kernel_lowering"
    internal = True


class KernelCompiler(CompilerBase):
    """Numba's compiler, with a lowering of our own."""

    lowering = _Lowering

    def define_pipelines(self):
        """Numba's usual passes over a function."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.passes = [(self.lowering if step is NativeLowering else step, what) for step, what in passes.passes]
        passes.finalize()
        return [passes]


class InternalCompiler(KernelCompiler):
    """Compiler of kernels that only other kernels call."""

    lowering = _InternalLowering
