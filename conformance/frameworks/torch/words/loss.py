"""How PyTorch is asked: losses."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.loss import elementwise
from conformance.frameworks.words import Word, Words

_F = "torch.nn.functional."
_REDUCE = "torch.{}"
_OWN: dict[str, Word] = {
    "index": lambda ignore: -100 if ignore is None else ignore,
    "averaged": lambda reduction: "mean" if reduction == "count" else reduction,
}
_SAID = "ignore_index={ignore|index}, reduction={reduction|averaged}, label_smoothing={smoothing}"


def _cross_entropy(weight: str, unless: dict[str, str]) -> tuple[Words, ...]:
    call = f"{_F}cross_entropy(x, target, {weight}{_SAID})"
    each = call.replace("{reduction|averaged}", "'none'")
    over = "reduction == 'count' and target == 'label' and (weighted or ignoring)"
    return (
        Words(f"y = {call}", unless={**unless, over: "PyTorch's mean over labels is the weighted one"}, own=_OWN),
        Words(f"y = torch.mean({each})", unless={**unless, f"not ({over})": "another reduction"}, own=_OWN),
    )


def _ctc(before: str, x: str, unless: dict[str, str]) -> tuple[Words, ...]:
    lengths = f"{x}, target, input_lengths, target_lengths"
    call = f"{_F}ctc_loss({lengths}, blank={{blank}}, reduction={{reduction}}, zero_infinity={{zero_infinity}})"
    each = call.replace("{reduction}", "'none'")
    # It reads the probabilities of labels that are no classes from wherever they would lie.
    return (
        Words(
            f"{before}y = {call}",
            {"x": "TNC"},
            {**unless, "reduction == 'count'": "PyTorch's mean is over the labels, too"},
            trusted=True,
        ),
        Words(
            f"{before}y = torch.mean({each})",
            {"x": "TNC"},
            {**unless, "reduction != 'count'": "another reduction"},
            trusted=True,
        ),
    )


TABLE: dict[str, Cell] = {
    "mse": Words(f"y = {_F}mse_loss(x, target, reduction={{reduction}})"),
    "huber": Words(f"y = {_F}huber_loss(x, target, {{reduction}}, {{delta}})"),
    "smooth_l1": Words(f"y = {_F}smooth_l1_loss(x, target, reduction={{reduction}}, beta={{beta}})"),
    "hinge": elementwise("torch.clamp(1 - target * x, 0)", _REDUCE, note="PyTorch has no hinge loss: its formula"),
    "binary_cross_entropy": (
        Words(
            f"y = {_F}binary_cross_entropy_with_logits(x, target, reduction={{reduction}})",
            unless={"not logits": "of probabilities", "positive != 1": "weighted"},
        ),
        Words(
            "positive = torch.tensor({positive}, dtype=x.dtype)\n"
            f"y = {_F}binary_cross_entropy_with_logits(x, target, reduction={{reduction}}, pos_weight=positive)",
            unless={"not logits": "of probabilities"},
        ),
        Words(
            f"y = {_F}binary_cross_entropy(x, target, reduction={{reduction}})",
            unless={
                "logits": "of logits",
                "positive != 1": "torch.nn.functional.binary_cross_entropy has no pos_weight (2.13.0)",
            },
        ),
    ),
    "kl_div": (
        Words(
            f"y = {_F}kl_div(x, target, reduction={{reduction}}, log_target={{log_target}})",
            unless={"not logs": "of probabilities"},
        ),
        Words(f"x = torch.log(x)\ny = {_F}kl_div(x, target, reduction={{reduction}}, log_target={{log_target}})"),
    ),
    "cosine": elementwise(f"1 - {_F}cosine_similarity(x, target, -1, {{epsilon}})", _REDUCE),
    "cross_entropy": (
        *_cross_entropy("", {"weighted": "weighted"}),
        *_cross_entropy("weight=weight, ", {"not weighted": "without weights"}),
    ),
    "ctc": (
        *_ctc("", "x", {"logits": "of logits"}),
        *_ctc(f"logs = {_F}log_softmax(x, -1)\n", "logs", {"not logits": "of logarithms of probabilities"}),
    ),
}
