"""Single faults, each applied to one place on the way from a case to its answer.

A fault changes the geometry that is lowered, the plan's text, its layouts, the inputs, the answer or the gradients;
nothing of it is known to the comparison that must notice. A new fault is one line beside those of its kind; one whose
function has nothing to change in a case yields nothing there. Those of `general.py` and `confusions.py` are for every
op. Faults of whole workers are in `workers.py`.
"""

from __future__ import annotations

from dataclasses import replace

from conformance.faults.asked import Fault, convolutional
from conformance.faults.confusions import confusion_faults
from conformance.faults.general import general_faults
from conformance.faults.gradients import gradient_faults
from conformance.faults.plans import geometry_faults, layout_faults, text_faults
from conformance.faults.tensors import input_faults, output_faults

# Written for a geometry: for the names, axes and channels of its tensors, and the text of NumPy's plan.
OF_GEOMETRY = (
    *geometry_faults(),
    *layout_faults(),
    *text_faults(),
    *input_faults(),
    *output_faults(),
    *gradient_faults(),
)

FAULTS: tuple[Fault, ...] = (
    *(replace(fault, applies=convolutional) for fault in OF_GEOMETRY),
    *general_faults(),
    *confusion_faults(),
)
