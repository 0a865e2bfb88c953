"""How Numba compiles a kernel: as a part of its callers, and of them only.

Left to itself, Numba also optimizes by itself whatever a compiled function calls, and makes machine code of it, in case
Python should call it too: that was half of the time that the first run took to compile.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from numba import extending
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, PassManager
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.extending import register_jitable

P = ParamSpec("P")
R = TypeVar("R")

# What C and Python would call a function by is left out where neither does.
INNER = {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
# An array is seven or nine arguments: handing some of them to each function takes a sixth of a small net's step.
INLINE = {"forceinline": True, **INNER}


class _Part(JITCodeLibrary):  # type: ignore[misc]
    """A kernel's code as it was lowered, which is linked and optimized where it is a part of something."""

    def finalize(self) -> None:
        """Leave the code as it is."""
        self._finalized = True

    def with_its_parts(self) -> list[Any]:
        """Return what a caller has to link: this, and what it calls."""
        return list(dict.fromkeys([self, *self._linking_libraries]))


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):  # type: ignore[misc]
    """Numba's way from typed code to LLVM's, and no further."""

    _name = "kernel_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower ``state``, and tell Numba what callers have to link."""
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        place = object().__sizeof__  # Numba finds a function's code by what Python calls it by: nothing does
        state.cr = state.cr._replace(cfunc=place)
        state.targetctx.insert_user_function(place, state.cr.fndesc, state.library.with_its_parts())
        return True


class KernelCompiler(CompilerBase):  # type: ignore[misc]
    """Numba's compiler, with that way of lowering."""

    def define_pipelines(self) -> list[PassManager]:
        """Return what is done to a kernel, one after the other."""
        passes = PassManager("kernel")
        for step, what in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            passes.add_pass(KernelLowering if step is NativeLowering else step, what)
        passes.finalize()
        return [passes]


def overload(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a kernel stand in for ``function`` in compiled code: the one that what is decorated returns for its types."""
    return extending.overload(function, jit_options={**INLINE, "pipeline_class": KernelCompiler})  # type: ignore[no-any-return]


def compiled_within(function: Callable[P, R], options: dict[str, Any]) -> Callable[P, R]:
    """Compile ``function`` as a kernel where compiled code calls it, with Numba's ``options``."""
    return register_jitable(**options, pipeline_class=KernelCompiler)(function)  # type: ignore[no-any-return]
