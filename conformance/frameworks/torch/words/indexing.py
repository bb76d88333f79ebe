"""How PyTorch is asked: elements by their places."""

from __future__ import annotations

from operator import itemgetter

from conformance.frameworks import Cell
from conformance.frameworks.words import Words

TABLE: dict[str, Cell] = {
    "embedding": Words("y = torch.nn.functional.embedding(indices, w)"),
    "gather": (
        Words(
            "y = torch.index_select(x, {axis}, indices)",
            unless={"negative": 'torch.index_select: "index out of range in self" (2.13.0)', "dims(at) != 1": "planes"},
        ),
        Words(
            "y = torch.index_select(x, {axis}, indices.reshape(-1)).reshape({out})",
            unless={"negative": 'torch.index_select: "index out of range in self" (2.13.0)'},
        ),
    ),
    "take_along_axis": Words("y = torch.take_along_dim(x, indices, {axis})"),
    "one_hot": Words(
        "y = torch.nn.functional.one_hot(indices, {classes}).to({on_dtype|dtype|text})",
        unless={"beyond": 'torch.nn.functional.one_hot refuses them: "Class values must be ..." (2.13.0)'},
        own={"dtype": "torch.{}".format},
    ),
    "scatter_add": Words("y = torch.index_add(x, 0, indices, updates)", trusted=True),
    "dynamic_slice": tuple(
        Words(
            "y = x\n" + "".join(f"y = y.narrow({i}, start[{i}], {{size|at{i}}})\n" for i in range(dims)).rstrip(),
            unless={
                "beyond": 'torch.narrow refuses them: "start (5) + length (3) exceeds dimension size (6)" (2.13.0)',
                f"dims(shape) != {dims}": "of another rank",
            },
            own={f"at{i}": itemgetter(i) for i in range(dims)},
        )
        for dims in (1, 2, 3)
    ),
}
