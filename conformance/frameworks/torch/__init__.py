"""How PyTorch is asked and run."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "torch",
    "PyTorch",
    __name__,
    "torch",
    "torch",
    place=1,
    modes=("eager", "compile", "export", "meta"),
    options={**COMMON, "api": ("functional", "module"), "tf32": ("0", "1"), "deterministic": ("0", "1")},
    # Compile in this process: a pool of helper processes would outlive a plan and cost more than it saves.
    settings={"TORCHINDUCTOR_COMPILE_THREADS": "1"},
    defaults=("torch",),
    without_gradient={"meta": "the meta device computes no values"},
    shapes_alone=("meta",),
    programs=("compile",),
)
