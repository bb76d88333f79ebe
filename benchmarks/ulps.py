"""The worst error of each framework's elementary functions, in unit roundoffs of the result, over dense ranges.

    nice python benchmarks/ulps.py            # a process a framework; a few minutes

What comes out is the table in docs/allowance.md, from which `ULPS` in conformance/exact/functions.py is chosen.
float16 and bfloat16 answers are computed in float32 and rounded, so their error beyond that rounding is what counts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

POINTS = 200_001
EXPONENTS = {"power": 2.75, "power_high": 20.25, "power_low": -3.375}  # of at most eight bits: no dtype rounds them
# What torch and tf.math have by the same name.
COMMON = "exp expm1 log log1p tanh sinh cosh sin cos erf erfc sqrt rsqrt sigmoid reciprocal lgamma digamma".split()
# name -> the range, beyond which nothing interesting happens or float32 overflows
RANGES = {
    "exp": (-87.0, 88.0),
    "expm1": (-20.0, 88.0),
    "log": (1e-30, 1e3),
    "log1p": (-0.999, 100.0),
    "tanh": (-10.0, 10.0),
    "sinh": (-80.0, 80.0),
    "cosh": (-80.0, 80.0),
    "sin": (-100.0, 100.0),
    "cos": (-100.0, 100.0),
    "erf": (-4.0, 4.0),
    "erfc": (-4.0, 9.0),
    "sqrt": (0.0, 1e4),
    "rsqrt": (1e-30, 1e4),
    "sigmoid": (-80.0, 30.0),
    "softplus": (-80.0, 30.0),
    "reciprocal": (1e-3, 1e4),
    "lgamma": (3.5, 100.0),
    "digamma": (2.0, 100.0),
    "power": (0.01, 30.0),
    "power_high": (0.1, 50.0),
    "power_low": (0.01, 30.0),
    "divide": (1e-3, 1e4),
    "gelu": (-6.0, 6.0),
    "subnormal": (-103.0, -87.5),
}


def points(name: str) -> np.ndarray:
    """Evenly over the range, and by powers towards 0; as float32 values."""
    low, high = RANGES[name]
    found = [np.linspace(low, high, POINTS)]
    if low <= 0.0 < high:
        small = np.geomspace(1e-30, high, POINTS // 4)
        found += [small, -small[small <= -low]] if low < 0.0 else [small]
    elif low > 0.0:
        found.append(np.geomspace(low, high, POINTS // 2))
    return np.unique(np.concatenate(found).astype(np.float32))


def exact(name: str, x: np.ndarray) -> np.ndarray:
    from conformance import exact as e
    from conformance.exact import Num

    v = Num(x)
    if name in EXPONENTS:
        return e.power(v, EXPONENTS[name]).value
    if name == "divide":
        return 3.0 / x
    if name == "subnormal":
        return e.exp(v).value
    if name == "gelu":
        return x * 0.5 * e.erfc(-v / np.sqrt(2.0)).value
    return getattr(e, name)(v).value


def torch_functions() -> tuple[str, dict[str, Callable[[Any], Any]], Callable[..., Any]]:
    import torch

    torch.set_num_threads(1)
    f = torch.nn.functional
    table: dict[str, Callable[[Any], Any]] = {name: getattr(torch, name) for name in COMMON}
    table |= {"softplus": f.softplus, "gelu": f.gelu, "divide": lambda x: 3.0 / x, "subnormal": torch.exp}
    table |= {name: (lambda x, n=n: x**n) for name, n in EXPONENTS.items()}

    def call(fn: Callable[[Any], Any], x: np.ndarray, dtype: str) -> np.ndarray:
        return fn(torch.tensor(x).to(getattr(torch, dtype))).to(torch.float32).numpy()

    return torch.__version__, table, call


def tensorflow_functions() -> tuple[str, dict[str, Callable[[Any], Any]], Callable[..., Any]]:
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    m = tf.math
    table = {name: getattr(m, name) for name in (*COMMON, "softplus")}
    table |= {"gelu": tf.nn.gelu, "divide": lambda x: 3.0 / x, "subnormal": tf.exp}
    table |= {name: (lambda x, n=n: tf.pow(x, tf.cast(n, x.dtype))) for name, n in EXPONENTS.items()}

    def call(fn: Callable[[Any], Any], x: np.ndarray, dtype: str) -> np.ndarray:
        return tf.cast(fn(tf.cast(x, dtype)), tf.float32).numpy()

    return tf.__version__, table, call


def jax_functions() -> tuple[str, dict[str, Callable[[Any], Any]], Callable[..., Any]]:
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import digamma, gammaln

    table = {name: getattr(jnp, name) for name in "exp expm1 log log1p tanh sinh cosh sin cos sqrt reciprocal".split()}
    table |= {"erf": jax.scipy.special.erf, "erfc": jax.scipy.special.erfc, "rsqrt": jax.lax.rsqrt}
    table |= {"sigmoid": jax.nn.sigmoid, "softplus": jax.nn.softplus, "lgamma": gammaln, "digamma": digamma}
    table |= {"gelu": lambda x: jax.nn.gelu(x, approximate=False), "divide": lambda x: 3.0 / x, "subnormal": jnp.exp}
    table |= {name: (lambda x, n=n: x**n) for name, n in EXPONENTS.items()}

    def call(fn: Callable[[Any], Any], x: np.ndarray, dtype: str) -> np.ndarray:
        return np.asarray(jax.jit(fn)(jnp.asarray(x, dtype)).astype(jnp.float32))

    return jax.__version__, table, call


FRAMEWORKS = {"torch": torch_functions, "tensorflow": tensorflow_functions, "jax": jax_functions}
BITS = {"float32": 24, "float16": 11, "bfloat16": 8}


def measure(framework: str) -> None:
    version, table, call = FRAMEWORKS[framework]()
    found: dict[str, Any] = {"version": version}
    for name, fn in table.items():
        for dtype, bits in BITS.items():
            x = points(name)
            if dtype == "float16":
                x = np.unique(x.astype(np.float16).astype(np.float32))
                x = x[np.isfinite(x)]
            if dtype == "bfloat16":
                x = np.unique((x.view(np.uint32) & 0xFFFF0000).view(np.float32))
            x = x[(x >= RANGES[name][0]) & (x <= RANGES[name][1])]
            try:
                got = call(fn, x, dtype).astype(np.float64)
            except Exception as error:
                found.setdefault("missing", []).append(f"{name} {dtype}: {type(error).__name__}")
                continue
            right = exact(name, x.astype(np.float64))
            least = {"float32": 2.0**-126, "float16": 2.0**-14, "bfloat16": 2.0**-126}[dtype]
            counted = np.isfinite(right) & (abs(right) >= least) & (abs(right) < (6e4 if dtype == "float16" else 3e38))
            with np.errstate(invalid="ignore", divide="ignore"):
                # float32: in its unit roundoffs. Narrower: beyond the last rounding, in float32's.
                off = abs(got - right) / abs(right)
            off = np.where(counted, off, 0.0)
            at = int(off.argmax())
            worst = off[at] * 2.0**24 if bits == 24 else (off[at] - 2.0**-bits / (1 + 2.0**-bits)) * 2.0**24
            below = np.isfinite(right) & (abs(right) < least) & (right != 0)
            flushed = bool((got[below] == 0).all()) if below.any() else None
            absolute = abs(got - right)[counted].max(initial=0.0) * 2.0**24
            found[f"{name} {dtype}"] = [round(float(worst), 2), float(x[at]), flushed, round(float(absolute), 2)]
    print(json.dumps(found))


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    results = {}
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for framework in FRAMEWORKS:
        done = subprocess.run(
            [sys.executable, __file__, framework],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": root, "TF_CPP_MIN_LOG_LEVEL": "3", "OMP_NUM_THREADS": "1"},
        )
        if done.returncode:
            print(f"{framework}: {done.stderr.strip().splitlines()[-1:]}")
            continue
        results[framework] = json.loads(done.stdout.strip().splitlines()[-1])
    names = [f"{framework} {result['version']}" for framework, result in results.items()]
    print(
        "| function | " + " | ".join(names) + " | float16 and bfloat16: beyond the last rounding, in their roundoffs |"
    )
    print("|---|" + "---|" * (len(names) + 1))
    for name in RANGES:
        cells = []
        for result in results.values():
            figure = result.get(f"{name} float32")
            cells.append("-" if figure is None else f"{figure[0]:g} at {figure[1]:.4g}")
        narrow = []
        for framework, result in results.items():
            for dtype in ("float16", "bfloat16"):
                worst, at, *_ = result.get(f"{name} {dtype}", (0.0, 0.0))
                if worst > 1:
                    narrow.append(f"{framework} {dtype} {worst / 2 ** (24 - BITS[dtype]):.2f} at {at:.4g}")
        print(f"| {name} | " + " | ".join(cells) + f" | {', '.join(narrow) or 'none'} |")
    for framework, result in results.items():
        print(framework, "missing:", result.get("missing"))
        kept = {key: "flushed" if value[2] else "kept" for key, value in result.items() if key.startswith("subnormal")}
        print(framework, "below the least normal number:", kept)
        print(framework, "absolute:", {k: v[3] for k, v in result.items() if k in ("erf float32", "gelu float32")})


if __name__ == "__main__":
    main()
