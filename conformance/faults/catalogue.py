"""Single faults, each applied to one place on the way from a case to its answer.

A fault changes the geometry that is lowered, the plan's text, its layouts, the inputs, the answer or the gradients;
nothing of it is known to the comparison that must notice. A new fault is one line beside those of its kind; one whose
function has nothing to change in a case yields nothing there. Faults of whole workers are in `workers.py`.
"""

from __future__ import annotations

from conformance.faults.asked import Fault
from conformance.faults.gradients import gradient_faults
from conformance.faults.plans import geometry_faults, layout_faults, text_faults
from conformance.faults.tensors import input_faults, output_faults

FAULTS: tuple[Fault, ...] = (
    *geometry_faults(),
    *layout_faults(),
    *text_faults(),
    *input_faults(),
    *output_faults(),
    *gradient_faults(),
)
