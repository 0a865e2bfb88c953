"""How Numba compiles a kernel: as a part of its callers, and of them only.

Left to itself, Numba also optimizes by itself whatever a compiled function calls, and makes machine code of it, in case
Python should call it too: that was half of the time that the first run took to compile.
"""

from collections.abc import Callable
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, PassManager
from numba.core.compiler_machinery import register_pass
from numba.core.registry import CPUDispatcher
from numba.core.typed_passes import NativeLowering


class _Part(JITCodeLibrary):  # type: ignore[misc]
    """A kernel's code as it was lowered, which is optimized where it is a part of something."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):  # type: ignore[misc]
    """Numba's way from typed code to LLVM's, and no further."""

    _name = "kernel_lowering"

    def run_pass(self, state: Any) -> bool:
        """Lower ``state``, and tell Numba what callers have to link."""
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        place = object()  # Numba finds a function's code by the address that Python calls it by: there is none
        state.cr = state.cr._replace(cfunc=place)
        state.targetctx.insert_user_function(place, state.cr.fndesc, [state.library])
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


class Kernel(CPUDispatcher):  # type: ignore[misc]
    """A function that is compiled into whichever compiled function calls it; called from Python it is plain Python."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        options = {**options, "nopython": True, "boundscheck": None}
        super().__init__(function, targetoptions=options, pipeline_class=KernelCompiler)

    def add_overload(self, cres: Any) -> None:
        """Keep what was compiled for callers that are compiled, and do not offer it to Python."""
        self.overloads[tuple(cres.signature.args)] = cres

    def _compile_for_args(self, *args: Any, **kws: Any) -> Callable[..., Any]:
        return self.py_func  # type: ignore[no-any-return]
