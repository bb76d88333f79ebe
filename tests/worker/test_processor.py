"""Caps on instruction sets: what each library is told, and what real workers say that they use."""

from __future__ import annotations

import pytest

from conformance.ask.probe import Probe, ProbeError
from conformance.environments.installed import missing
from conformance.target import parse_target
from conformance.usage import UsageError
from conformance.worker import processor

HAS = processor.instruction_sets()
REACHED = [cap for cap in processor.CAPS if cap in HAS]
BEYOND = [cap for cap in processor.CAPS if cap not in HAS]


@pytest.mark.parametrize(
    ("cap", "onednn", "xla", "aten"),
    [
        ("sse41", "SSE41", "SSE4_2", "default"),
        ("avx", "AVX", "AVX", "default"),
        ("avx2", "AVX2", "AVX2", "avx2"),
        ("avx512", "AVX512_CORE", "AVX512", "avx512"),
    ],
)
def test_every_library_is_told_in_its_own_words(cap: str, onednn: str, xla: str, aten: str) -> None:
    environ = {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2 --other=1", "ATEN_CPU_CAPABILITY": "avx512", "HOME": "/"}
    processor.apply_cap(cap, environ)
    assert environ["ONEDNN_MAX_CPU_ISA"] == onednn
    assert environ["ATEN_CPU_CAPABILITY"] == aten
    assert environ["XLA_FLAGS"] == f"--other=1 --xla_cpu_max_isa={xla}"
    assert environ["HOME"] == "/"
    left_out = environ["NPY_DISABLE_CPU_FEATURES"].split()
    assert ("AVX512_SKX" in left_out) == (cap != "avx512")
    assert ("AVX2" in left_out) == (cap in ("sse41", "avx"))


def test_without_a_cap_the_shell_decides_nothing() -> None:
    environ = {"ONEDNN_MAX_CPU_ISA": "SSE41", "XLA_FLAGS": "--xla_cpu_max_isa=AVX", "OPENBLAS_CORETYPE": "Haswell"}
    processor.apply_cap("", environ)
    assert environ == {"OPENBLAS_CORETYPE": "Haswell"}


def test_what_is_within_a_cap() -> None:
    assert processor.within("") == HAS
    for cap in processor.CAPS:
        assert processor.within(cap) == [name for name in HAS if name in list(processor.FEATURES)[: _place(cap)]]


def _place(cap: str) -> int:
    return list(processor.FEATURES).index(cap) + 1


@pytest.mark.skipif(len(REACHED) < 2, reason="this processor has no instruction set to be capped below")
@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_a_capped_worker_says_what_its_libraries_use(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONFORMANCE_ISA", raising=False)
    low = parse_target(f"{name}+isa={REACHED[0]}")
    if missing(low):
        pytest.skip(f"{name} is not installed")
    full = parse_target(name)
    with Probe([low, full]) as probe:
        capped, default = probe.info(low)["processor"], probe.info(full)["processor"]
    assert capped["uses"] == [REACHED[0]]
    assert capped["cap"] == REACHED[0]
    assert default["uses"] == default["has"] == capped["has"] == HAS
    for library, said in capped["libraries"].items():
        assert said != default["libraries"][library], library


def test_the_environment_caps_targets_that_name_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_ISA", "avx")
    assert str(parse_target("torch+threads=2").capped()) == "torch+isa=avx+threads=2"
    assert str(parse_target("torch+isa=avx2").capped()) == "torch+isa=avx2"
    assert str(parse_target("onnx/onnxruntime").capped()) == "onnx/onnxruntime"
    monkeypatch.setenv("CONFORMANCE_ISA", "avx3")
    with pytest.raises(UsageError, match="CONFORMANCE_ISA is 'avx3', expected one of: sse41, avx, avx2, avx512"):
        parse_target("torch").capped()
    monkeypatch.delenv("CONFORMANCE_ISA")
    assert parse_target("torch").capped() == parse_target("torch")


@pytest.mark.skipif(not BEYOND, reason="this processor has every instruction set")
def test_a_cap_that_the_processor_does_not_reach_is_said() -> None:
    target = parse_target(f"numpy+isa={BEYOND[-1]}")
    with Probe([target]) as probe, pytest.raises(ProbeError, match=f"this processor has no {BEYOND[-1]}"):
        probe.info(target)
