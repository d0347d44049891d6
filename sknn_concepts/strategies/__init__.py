"""Former path of the modules of formulas; new code uses ``sknn_concepts.activations`` and its siblings."""

import sys

from sknn_concepts import activations, initializers, losses, optimizers, schedules

for _module in (activations, initializers, losses, optimizers, schedules):
    sys.modules[f"{__name__}.{_module.__name__.rpartition('.')[2]}"] = _module
