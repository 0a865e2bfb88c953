"""The Numba compiler for kernels, which compiles a kernel only as a part of its callers.

By default Numba also optimizes every function that a compiled function calls, and generates machine code for it, in
case Python calls it too. That took half of the compile time of the first run.
"""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from numba import extending, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, PassManager
from numba.core.compiler_machinery import register_pass
from numba.core.typed_passes import NativeLowering
from numba.core.typing.templates import infer, infer_global, make_intrinsic_template
from numba.extending import register_jitable

P = ParamSpec("P")
R = TypeVar("R")

# Kernels are called neither from C nor from Python: they need no wrappers for that.
INNER = {"no_cfunc_wrapper": True, "no_cpython_wrapper": True}
# An array is passed as seven or nine arguments: calling kernels instead of inlining them adds a sixth to a small step.
INLINE = {"forceinline": True, **INNER}


class _KernelLibrary(JITCodeLibrary):  # type: ignore[misc]
    """The LLVM code of a kernel, which its callers link and optimize."""

    def finalize(self) -> None:
        """Leave the code as it was lowered: neither optimize it nor generate machine code."""
        self._finalized = True

    def with_dependencies(self) -> list[Any]:
        """Return the libraries that a caller has to link: this one, and those of the kernels that it calls."""
        return list(dict.fromkeys([self, *self._linking_libraries]))

    def mark_noinline(self, name: str) -> None:
        """Keep LLVM from inlining the function ``name``."""
        self._final_module.get_function(name).add_function_attribute("noinline")


@register_pass(mutates_CFG=True, analysis_only=False)
class KernelLowering(NativeLowering):  # type: ignore[misc]
    """Numba's lowering from typed code to LLVM, without the compilation that follows it."""

    _name = "kernel_lowering"
    noinline = False

    def run_pass(self, state: Any) -> bool:
        """Lower ``state``, and register with Numba what callers have to link."""
        state.library = _KernelLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        if self.noinline:
            state.library.mark_noinline(state.cr.fndesc.llvm_func_name)
        entry_point = _unique_builtin()
        state.cr = state.cr._replace(cfunc=entry_point)
        state.targetctx.insert_user_function(entry_point, state.cr.fndesc, state.library.with_dependencies())
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class NoinlineLowering(KernelLowering):
    """``KernelLowering`` for a function that is not inlined."""

    _name = "noinline_lowering"
    noinline = True


def _unique_builtin() -> Any:
    """Return a builtin that is not equal to any other.

    Numba looks up a function's code by the builtin through which Python would call it, and accepts no other key. A
    kernel has no such builtin, so it gets a bound method of a new object.
    """
    return object().__sizeof__


class KernelCompiler(CompilerBase):  # type: ignore[misc]
    """Numba's compiler with ``KernelLowering`` in place of its own lowering."""

    lowering: type[KernelLowering] = KernelLowering

    def define_pipelines(self) -> list[PassManager]:
        """Return Numba's passes, with its lowering replaced."""
        passes = PassManager("kernel")
        for step, description in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            passes.add_pass(self.lowering if step is NativeLowering else step, description)
        passes.finalize()
        return [passes]


class NoinlineCompiler(KernelCompiler):
    """``KernelCompiler`` for a function that is not inlined."""

    lowering = NoinlineLowering


def overload(function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace ``function`` in compiled code with what the decorated function returns for its argument types."""
    return extending.overload(function, jit_options={**INLINE, "pipeline_class": KernelCompiler})  # type: ignore[no-any-return]


def register_intrinsic(handle: Callable[..., Any], definition: Callable[..., Any]) -> None:
    """Let compiled code call ``handle``; ``definition`` returns its signature and the generator of its LLVM code."""
    template = make_intrinsic_template(handle, definition, definition.__name__)
    infer(template)
    infer_global(handle, types.Function(template))


def compiled_into_callers(
    function: Callable[P, R], options: dict[str, Any], compiler: type[KernelCompiler] = KernelCompiler
) -> Callable[P, R]:
    """Let compiled code call ``function``, which is compiled into it as a kernel with Numba's ``options``."""
    return register_jitable(**options, pipeline_class=compiler)(function)  # type: ignore[no-any-return]
