"""Several complete records (shards of one suite, or one a machine) as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from conformance.record.reader import Reader
from conformance.record.schema import RecordError, Summary
from conformance.record.writer import Writer
from conformance.verdict import Verdict


def merge(paths: Sequence[Path | str], out: Path | str) -> None:
    """Write the union of complete records to a new record `out`.

    RecordError where one is not complete, where a case differs between two, or where two judge the same case on the
    same target differently or by different versions: then they are not parts of one run. Nothing is left of `out` then.
    """
    if not paths:
        raise RecordError("nothing to merge: no record was named")
    out = Path(out)
    readers: list[Reader] = []
    try:
        for path in paths:
            readers.append(Reader(path))
        writer = Writer.create(out, {**readers[0].environment, "merged": [_origin(reader) for reader in readers]})
        try:
            _merge_into(writer, readers)
        except BaseException:
            writer.close()
            out.unlink(missing_ok=True)
            raise
        writer.close()
    finally:
        for reader in readers:
            reader.close()


def _origin(reader: Reader) -> dict[str, Any]:
    return {"record": reader.path.name, **reader.environment}


def _merge_into(writer: Writer, readers: Sequence[Reader]) -> None:
    fingerprints: dict[str, tuple[str, Path]] = {}
    infos: dict[str, tuple[dict[str, Any], Path]] = {}
    seen: dict[tuple[str, str], tuple[tuple[Any, ...], Path]] = {}
    summaries = []
    for reader in readers:
        for target, info in reader.targets.items():
            earlier = infos.setdefault(target, (info, reader.path))
            if earlier[0] and info and _versions(earlier[0]) != _versions(info):
                raise RecordError(
                    f"{target} ran at different versions in {earlier[1]} and {reader.path}: can't merge them"
                )
            if info:
                infos[target] = (info, reader.path)
                writer.set_target_info(target, info)
        for case in reader.cases():
            first, path = fingerprints.setdefault(case.id, (case.fingerprint, reader.path))
            if first != case.fingerprint:
                raise RecordError(f"the case {case.id} differs between {path} and {reader.path}: can't merge them")
            writer.add_case(case)
        for row in reader.verdicts():
            gist = _gist(row.verdict)
            pair = (row.verdict.case, row.verdict.target)
            before, path = seen.setdefault(pair, (gist, reader.path))
            if before != gist:
                raise RecordError(
                    f"{path} and {reader.path} judge {pair[0]} on {pair[1]} differently: can't merge them"
                )
            writer.add_verdict(row.verdict, row.attempts)
        for id, target, array in reader.raw_arrays():
            writer.copy_array(id, target, array)
        for digest, output in reader.raw_outputs():
            writer.add_output(digest, output.name, output.values, output.dtype)
        if reader.summary is not None:
            summaries.append(reader.summary)
    writer.finish(_joined(summaries))


def _versions(info: dict[str, Any]) -> Any:
    return info.get("versions", info.get("version"))


def _gist(verdict: Verdict) -> tuple[Any, ...]:
    # What two runs of the same case must agree on; how long it took is not part of it.
    return (verdict.status, verdict.subject, verdict.digest, verdict.known and verdict.known.name)


def _joined(summaries: Sequence[Summary]) -> Summary:
    problems = tuple(dict.fromkeys(problem for summary in summaries for problem in summary.problems))
    codes = [summary.exit_code for summary in summaries if summary.exit_code is not None]
    reasons = tuple(dict.fromkeys(summary.reason for summary in summaries if summary.exit_code and summary.reason))
    # The worst code is the largest: 3 (the harness) before 2 (usage) before 1 (divergence).
    return Summary(problems, max(codes, default=None), "; ".join(reasons))
