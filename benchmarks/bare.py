"""A framework's calls in one tight loop, with no harness around them. Started by `whole_run.py` and `arithmetic.py`.

    python bare.py FRAMEWORK[/BACKEND] WORK.npz [ANSWERS.npz]

WORK holds the inputs and, for every call, the plan's text. Everything is read, imported and compiled by Python first;
then it says `ready`, waits for a line, runs, and prints the wall and CPU seconds of the loop. An answer counts as
finished when it is a NumPy array.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


def main(name: str, work: str, answers: str | None) -> None:
    framework, _, backend = name.partition("/")
    from conformance.worker.environment import Config, prepare_environment

    # The same threads and devices that a worker has.
    variables = {"KERAS_BACKEND": backend, "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    prepare_environment(Config({"framework": framework, "backend": backend, "variables": variables}))
    import numpy as np

    roots, tensor, array = _framework(framework, backend)
    with np.load(work) as stored:
        calls = json.loads(str(stored["calls"]))
        todo = [
            (_function(call["text"], call["inputs"], roots), [stored[f"{call['key']}.{i}"] for i in call["inputs"]])
            for call in calls
        ]
    print("ready", flush=True)
    sys.stdin.readline()
    kept = []
    started, cpu = time.perf_counter(), time.process_time()
    for function, inputs in todo:
        answer = array(function(*[tensor(i) for i in inputs]))
        if answers:
            kept.append(answer)
    print(time.perf_counter() - started, time.process_time() - cpu, flush=True)
    if answers:
        np.savez(answers, **{call["key"]: answer for call, answer in zip(calls, kept, strict=True)})
    os._exit(0)  # frameworks take seconds to take themselves down


def _function(text: str, inputs: list[str], roots: dict[str, object]) -> object:
    body = "".join(f"    {line}\n" for line in text.splitlines())
    scope = dict(roots)
    exec(f"def plan({', '.join(inputs)}):\n{body}    return y\n", scope)
    return scope["plan"]


def _framework(framework: str, backend: str) -> tuple:
    import numpy as np

    if framework == "numpy":
        return {"numpy": np}, np.copy, np.asarray
    if framework == "torch":
        import torch

        torch.set_num_threads(1)
        torch.set_grad_enabled(False)
        return {"torch": torch}, torch.tensor, lambda y: y.numpy()
    if framework == "jax":
        import jax

        jax.numpy.ones(2).block_until_ready()
        return {"jax": jax}, jax.device_put, np.asarray
    if framework == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        tf.ones(2).numpy()
        return {"tf": tf}, tf.constant, lambda y: y.numpy()
    if framework == "keras":
        _, tensor, array = _framework(backend, "")
        import keras

        return {"keras": keras}, tensor, array
    raise SystemExit(f"unknown framework {framework!r}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
