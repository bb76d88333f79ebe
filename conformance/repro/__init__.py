"""A script that shows a divergence with that framework alone, or the body of a bug report.

    finding.py (case, verdict, expectation) -> script.py or across.py -> issue.py

The text of what a framework is asked comes from its room (`surface.py`), that of the inputs from inputs.py and
arrays.py, and what decides the exit code from check.py.
"""

from conformance.repro.across import across
from conformance.repro.finding import Finding, find
from conformance.repro.script import script

__all__ = ["Finding", "across", "find", "script"]
