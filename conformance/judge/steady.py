"""The words of a framework or a system without what chance puts into them: addresses, process ids, counters, times.

A verdict's message has them taken out, so that the same answer is told in the same words in every run. Nothing is lost:
the worker's log and the outcome keep the words as they came.
"""

from __future__ import annotations

import re

GONE = "..."

# Each with what stands in its place. What is taken out is what differs between two runs of the same call: it depends on
# where memory lay, on which process it was, on the time, or on how many calls a worker had answered before.
_CHANCE = tuple(
    (re.compile(pattern), kept)
    for pattern, kept in (
        # Times: as glog writes them before its lines, with the process's id, and as ISO 8601 has them.
        (r"\b([IWEF])\d{4} \d\d:\d\d:\d\d\.\d+\s+\d+ ", r"\1 "),
        (r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?(?:: )?", ""),
        # Places in memory, and files of a moment.
        (r"\b0x[0-9a-fA-F]{6,}\b", f"0x{GONE}"),
        (r"(?<![\w/.])(/(?:private/)?(?:var/)?tmp|/var/folders|/dev/shm)/[^\s'\"`:,;()\[\]{}<>]+", rf"\1/{GONE}"),
        (r"/proc/\d+\b", f"/proc/{GONE}"),
        # Processes and threads.
        (r"(?i)\b(pid|tid|process|process id|thread|thread id)([ =:#]{1,2})\d+\b", rf"\1\2{GONE}"),
        # Objects and graphs, numbered in the order in which a process made them.
        (r"\b(id|uid|graph_id|config_proto|executor_type|run_id|step_id)=(['\"]?)\d+\b", rf"\1=\2{GONE}"),
        (r"\b(__(?:inference|forward|backward)_\w*?)_\d+(?:_\d+)*\b", rf"\1_{GONE}"),
        (r"\b(cluster|HloModule [\w-]+?|module|jit_\w+?)[._]\d+(?:[._]\d+)*\b", rf"\1_{GONE}"),
        (r"(Failed to materialize symbols: )\{.*\}", rf"\1{{{GONE}}}"),
        (r"\b(layers? ['\"]?[A-Za-z]\w*?)_\d+\b", rf"\1_{GONE}"),
        (r"\b((?:[Kk]eras_?[Tt]ensor|functional|sequential|(?:depthwise_|separable_)?conv[123]d(?:_transpose)?))_\d+\b",
         rf"\1_{GONE}"),
    )
)  # fmt: skip


def steady(text: str) -> str:
    """A message with every part that chance decides replaced; the same for the same answer in every run."""
    for pattern, kept in _CHANCE:
        text = pattern.sub(kept, text)
    return text
