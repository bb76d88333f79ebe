"""The processor: which instruction sets it has, how a worker is capped to fewer, and what each library makes of it.

What oneDNN, ATen, XLA, NumPy, OpenBLAS and MKL compute depends on the instruction sets that they find at their import.
This imports nothing of ours and no NumPy, since it runs before NumPy is imported.
"""

from __future__ import annotations

import ctypes
import platform
import re
import sys
from typing import Any, Dict, List, MutableMapping, Tuple

# Instruction sets in order, each with what /proc/cpuinfo calls the features that make it up.
FEATURES: Dict[str, Tuple[str, ...]] = {
    "sse41": ("sse4_1",),
    "avx": ("avx",),
    "avx2": ("avx2", "fma"),
    "avx512": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    "avx512_bf16": ("avx512_bf16",),
    "avx512_fp16": ("avx512_fp16",),
    "amx": ("amx_tile",),
}
# What `+isa=` takes.
CAPS = ("sse41", "avx", "avx2", "avx512")

# cap -> each library's own word for it. Sources: oneDNN's "CPU dispatcher control", ATen's cpu capability, XLA's
# xla_cpu_max_isa, OpenBLAS's DYNAMIC_ARCH core names, MKL's MKL_ENABLE_INSTRUCTIONS.
_ONEDNN = {"sse41": "SSE41", "avx": "AVX", "avx2": "AVX2", "avx512": "AVX512_CORE"}
_ATEN = {"sse41": "default", "avx": "default", "avx2": "avx2", "avx512": "avx512"}
_XLA = {"sse41": "SSE4_2", "avx": "AVX", "avx2": "AVX2", "avx512": "AVX512"}
_OPENBLAS = {"sse41": "NEHALEM", "avx": "SANDYBRIDGE", "avx2": "HASWELL", "avx512": "SKYLAKEX"}
_MKL = {"sse41": "SSE4_2", "avx": "AVX", "avx2": "AVX2", "avx512": "AVX512"}
# NumPy is told what to leave out: the names of 2.4 and later, and the older ones. It ignores those it does not know.
_NUMPY_BEYOND = {
    "sse41": "F16C FMA3 AVX2 X86_V3",
    "avx": "FMA3 AVX2 X86_V3",
    "avx2": "AVX512F AVX512CD AVX512_KNL AVX512_KNM AVX512_SKX AVX512_CLX AVX512_CNL X86_V4",
    "avx512": "AVX512_ICL AVX512_SPR",
}
# What the libraries read, but for XLA, which has a flag among others.
SWITCHES = (
    "ONEDNN_MAX_CPU_ISA",
    "DNNL_MAX_CPU_ISA",
    "ATEN_CPU_CAPABILITY",
    "OPENBLAS_CORETYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
)


def instruction_sets() -> List[str]:
    """The instruction sets of this processor, of those that are told apart here; empty where it is no x86."""
    if platform.machine().lower() not in ("x86_64", "amd64", "i686"):
        return []
    found = _flags()
    return [name for name, needed in FEATURES.items() if found.issuperset(needed)]


def model() -> str:
    """What this processor is called."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def _cpuinfo(key: str) -> str:
    """What Linux says of the first processor under a key; "" elsewhere."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith(key):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return ""


def _flags() -> "set[str]":
    found = _cpuinfo("flags")
    if found:
        return set(found.split())
    if sys.platform == "darwin":
        libc = ctypes.CDLL(None)
        size = ctypes.c_size_t(8192)
        text = ctypes.create_string_buffer(8192)
        words = ""
        for name in (b"machdep.cpu.features", b"machdep.cpu.leaf7_features"):
            size.value = 8192
            if libc.sysctlbyname(name, text, ctypes.byref(size), None, 0) == 0:
                words += " " + text.value.decode("ascii", "replace").lower().replace(".", "_")
        return {"avx" if word == "avx1_0" else word for word in words.split()}
    return set()


def within(cap: str) -> List[str]:
    """The instruction sets that a worker with this cap may use; "" for none."""
    found = instruction_sets()
    if not cap:
        return found
    allowed = list(FEATURES)[: list(FEATURES).index(cap) + 1]
    return [name for name in found if name in allowed]


def apply_cap(cap: str, environ: MutableMapping[str, str]) -> None:
    """Tell every library that has a switch; "" takes away what the user's shell says, but for OpenBLAS.

    A target's text says all that it depends on. OpenBLAS is left as it is set, since some old builds of it die on new
    processors without.
    """
    for name in SWITCHES:
        if cap or name != "OPENBLAS_CORETYPE":
            environ.pop(name, None)
    flags = re.sub(r"--xla_cpu_max_isa=\S*", "", environ.get("XLA_FLAGS", "")).split()
    if cap:
        environ["ONEDNN_MAX_CPU_ISA"] = environ["DNNL_MAX_CPU_ISA"] = _ONEDNN[cap]
        environ["ATEN_CPU_CAPABILITY"] = _ATEN[cap]
        environ["OPENBLAS_CORETYPE"] = _OPENBLAS[cap]
        environ["MKL_ENABLE_INSTRUCTIONS"] = _MKL[cap]
        beyond = [_NUMPY_BEYOND[name] for name in CAPS[CAPS.index(cap) :]]
        environ["NPY_DISABLE_CPU_FEATURES"] = " ".join(beyond)
        flags.append("--xla_cpu_max_isa=" + _XLA[cap])
    if flags:
        environ["XLA_FLAGS"] = " ".join(flags)
    else:
        environ.pop("XLA_FLAGS", None)


def describe(cap: str) -> Dict[str, Any]:
    """What a worker says of its processor: `has`, its `cap`, what it `uses`, and what NumPy and OpenBLAS report."""
    return {"has": instruction_sets(), "cap": cap, "uses": within(cap), "libraries": _reported()}


def _reported() -> Dict[str, str]:
    """What the libraries below every framework here say that they use."""
    said = {}
    for module in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        if module in sys.modules:
            features = getattr(sys.modules[module], "__cpu_features__", {})
            dispatched = getattr(sys.modules[module], "__cpu_dispatch__", [])
            said["numpy"] = " ".join(name for name in dispatched if features.get(name)) or "its baseline"
            break
    core = _openblas_core()
    if core:
        said["openblas"] = core
    return said


def _openblas_core() -> str:
    """The core that OpenBLAS computes with, where it is loaded; "" elsewhere (Linux)."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as lines:
            paths = {line.split()[-1] for line in lines if "openblas" in line}
    except OSError:
        return ""
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename64_"):
            function = getattr(library, name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return (function() or b"").decode("ascii", "replace")
    return ""
