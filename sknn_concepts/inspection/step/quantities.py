"""The quantities of an explained step, one after the other, with their formulas and numbers."""

from typing import NamedTuple

import numpy as np

from sknn_concepts.activations import Identity
from sknn_concepts.inspection.step.formulas import loss_formulas, name_of, slope_formula

#: Terms up to which a sum is written out; of longer ones the first and the last are shown.
MAX_TERMS = 6


class Quantity(NamedTuple):
    """A number of a step; `formula` has names where `numbers` has numbers."""

    part: str  # heading under which it is shown
    sample: int | None
    layer: int | None  # counted from the input, which is 0
    name: str
    formula: str
    numbers: str
    value: float


def shown(number, decimals):
    """Return a number as text, rounded; a tiny one with significant digits."""
    if number != 0 and not 10.0 ** (4 - decimals) <= abs(number) < 1e9:
        return f"{number:.{max(decimals - 4, 1)}g}"
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class Namer:
    """Names of the units and parameters of a network with layers of some sizes."""

    def __init__(self, sizes, shared):
        self._sizes, self._shared = sizes, shared
        self._starts = np.concatenate([[0], np.cumsum(np.multiply(sizes[:-1], sizes[1:]))]).tolist()

    def unit(self, layer, j):
        """Name of a unit of a layer, counted from the input."""
        if layer == 0:
            return f"i{j + 1}"
        if layer == len(self._sizes) - 1:
            return f"o{j + 1}"
        return f"h{j + 1}" if len(self._sizes) == 3 else f"h{layer}_{j + 1}"

    def output(self, layer, j):
        """Name of the output of a unit."""
        return self.unit(0, j) if layer == 0 else f"out_{self.unit(layer, j)}"

    def weight(self, layer, i, j):
        """Name of the weight from unit i of a layer to unit j of the next."""
        return f"w{self._starts[layer] + j * self._sizes[layer] + i + 1}"

    def intercept(self, layer, j):
        """Name of the intercept of a unit of the layer after this one."""
        return f"b{layer + 1}" if self._shared else f"b_{self.unit(layer + 1, j)}"


def all_quantities(step, decimals, max_samples=None):
    """Yield the quantities of a step, of its first samples only if asked for, in the order of the calculation."""
    writer = _Writer(step, decimals)
    for sample in range(len(step.targets))[:max_samples]:
        yield from writer.forward(sample)
        yield from writer.losses(sample)
        yield from writer.backward(sample)
    if len(step.targets) > 1:
        totals = step.losses.sum(axis=1)
        terms = [(f"E of sample {s + 1}", writer.shown(totals[s])) for s in _ends(len(totals))]
        formula, numbers = (f"({side}) / {len(totals)}" for side in _sum(terms, len(totals)))
        yield Quantity("Mean loss", None, None, "mean E", formula, numbers, step.loss)
    yield from writer.gradients()
    yield from writer.update()
    yield Quantity("Loss after the step", None, None, "E_new", "", "", step.loss_after)


class _Writer:
    def __init__(self, step, decimals):
        self.step, self.decimals = step, decimals
        self.sizes = [values.shape[1] for values in step.outputs]
        self.names = Namer(self.sizes, step.intercepts_mode == "shared")
        self.depth, self.n_samples = len(step.coefs), len(step.targets)
        self.loss_formula, self.error_formula = loss_formulas(step._loss)
        # where the loss makes predictions of net inputs, these are not shown a second time as outputs
        self.is_raw = step._loss.link != "identity" and isinstance(step._activations[-1], Identity)
        self.output = "net" if self.is_raw else "out"

    def shown(self, number):
        return shown(float(number), self.decimals)

    def _part(self, title, sample):
        return title if self.n_samples == 1 else f"{title}, sample {sample + 1}"

    def _fill(self, formula, named, **numbers):
        """Return a formula with names, and with numbers."""
        return formula.format(**named), formula.format(**{name: self._term(value) for name, value in numbers.items()})

    def _term(self, number):
        text = self.shown(number)
        return f"({text})" if text.startswith("-") else text

    def forward(self, sample):
        """Net inputs and outputs of one sample."""
        step, names = self.step, self.names
        title = self._part("Forward pass", sample)
        for layer in range(self.depth):
            x, w, b = step.outputs[layer][sample], step.coefs[layer], step.intercepts[layer]
            for j in range(self.sizes[layer + 1]):
                unit, above = names.unit(layer + 1, j), layer + 1
                net, out = step.net_inputs[layer][sample, j], step.outputs[above][sample, j]
                terms = [
                    (
                        f"{names.weight(layer, i, j)} * {names.output(layer, i)}",
                        f"{self._term(w[i, j])} * {self._term(x[i])}",
                    )
                    for i in _ends(len(x))
                ]
                sides = zip(_sum(terms, len(x)), (names.intercept(layer, j), self._term(b[j])), strict=True)
                formula, numbers = (f"{total} + {of_intercept}" for total, of_intercept in sides)
                yield Quantity(title, sample, above, f"net_{unit}", formula, numbers, net)
                if self.is_raw and above == self.depth:
                    continue
                call = f"{name_of(step._activations[layer])}({{net}})"
                if call.startswith("identity"):
                    call = "{net}"
                formula, numbers = self._fill(call, {"net": f"net_{unit}"}, net=net)
                yield Quantity(title, sample, above, f"out_{unit}", formula, numbers, out)
        if step._loss.link != "identity":
            for j in range(self.sizes[-1]):
                unit, raw = names.unit(self.depth, j), step.outputs[-1][sample, j]
                link = step._loss.link
                named = f"softmax({self.output}_o)_{j + 1}" if link == "softmax" else f"{link}({self.output}_{unit})"
                numbers = "" if link == "softmax" else f"{link}({self.shown(raw)})"
                yield Quantity(title, sample, self.depth, f"p_{unit}", named, numbers, step.predictions[sample, j])

    def _output_fields(self, sample, j):
        """Names and numbers in formulas of the loss."""
        step, unit = self.step, self.names.unit(self.depth, j)
        named = {"out": f"{self.output}_{unit}", "t": f"t_{unit}", "p": f"p_{unit}"}
        numbers = {
            "out": step.outputs[-1][sample, j],
            "t": step.targets[sample, j],
            "p": step.predictions[sample, j],
        }
        return named, numbers

    def losses(self, sample):
        """Losses of one sample."""
        step, title, last = self.step, self._part("Loss", sample), self.depth
        losses = step.losses[sample]
        if has_total_only(step):
            true = [j for j in range(self.sizes[-1]) if step.targets[sample, j] > 0]
            if self.loss_formula is None and len(true) == 1:
                p = step.predictions[sample, true[0]]
                formula, numbers = f"-log(p_{self.names.unit(last, true[0])})", f"-log({self.shown(p)})"
            else:
                formula, numbers = f"{name_of(step._loss)}({self.output}_o, t_o)", ""
            yield Quantity(title, sample, last, "E", formula, numbers, losses[0])
            return
        for j, value in enumerate(losses):
            named, values = self._output_fields(sample, j)
            formula, numbers = self._fill(self.loss_formula, named, **values)
            yield Quantity(title, sample, last, f"E_{self.names.unit(last, j)}", formula, numbers, value)
        terms = [(f"E_{self.names.unit(last, j)}", self._term(losses[j])) for j in _ends(len(losses))]
        formula, numbers = _sum(terms, len(losses))
        yield Quantity(title, sample, last, "E", formula, numbers, losses.sum())

    def backward(self, sample):
        """Derivatives of one sample's loss with respect to outputs and net inputs, the output layer first."""
        step, title = self.step, self._part("Backward pass", sample)
        for layer in range(self.depth, 0, -1):
            for j in range(self.sizes[layer]):
                unit = self.names.unit(layer, j)
                error, slope, delta = (
                    arrays[layer - 1][sample, j] for arrays in (step.errors, step.slopes, step.deltas)
                )
                formula, numbers = self._error(sample, layer, j)
                if self.is_raw and layer == self.depth:
                    yield Quantity(title, sample, layer, f"delta_{unit}", formula, numbers, delta)
                    continue
                yield Quantity(title, sample, layer, f"dE/dout_{unit}", formula, numbers, error)
                named = {"net": f"net_{unit}", "out": f"out_{unit}"}
                values = {"net": step.net_inputs[layer - 1][sample, j], "out": step.outputs[layer][sample, j]}
                formula, numbers = self._fill(slope_formula(step._activations[layer - 1]), named, **values)
                yield Quantity(title, sample, layer, f"dout_{unit}/dnet_{unit}", formula, numbers, slope)
                product = f"dE/dout_{unit} * dout_{unit}/dnet_{unit}", f"{self._term(error)} * {self._term(slope)}"
                yield Quantity(title, sample, layer, f"delta_{unit}", *product, delta)

    def _error(self, sample, layer, j):
        step, names = self.step, self.names
        if layer == self.depth:
            named, values = self._output_fields(sample, j)
            return self._fill(self.error_formula, named, **values)
        above, deltas, w = self.sizes[layer + 1], step.deltas[layer][sample], step.coefs[layer][j]
        terms = [
            (
                f"delta_{names.unit(layer + 1, k)} * {names.weight(layer, j, k)}",
                f"{self._term(deltas[k])} * {self._term(w[k])}",
            )
            for k in _ends(above)
        ]
        return _sum(terms, above)

    def gradients(self):
        """Derivatives with respect to weights and intercepts, the output layer first."""
        step, names = self.step, self.names
        for layer in range(self.depth - 1, -1, -1):
            deltas, x = step.deltas[layer], step.outputs[layer]
            for j, i in np.argwhere(step._left[0][layer].T).tolist():
                start, end = names.unit(layer, i), names.unit(layer + 1, j)
                products = [f"{self._term(deltas[s, j])} * {self._term(x[s, i])}" for s in _ends(self.n_samples)]
                formula, numbers = self._over_samples(f"delta_{end} * {names.output(layer, i)}", products)
                name = f"dE/d{names.weight(layer, i, j)} ({start} to {end})"
                yield Quantity("Gradients", None, layer + 1, name, formula, numbers, step.coef_gradients[layer][i, j])
            yield from self._intercept_gradients(layer)

    def _intercept_gradients(self, layer):
        step, names, mode = self.step, self.names, self.step.intercepts_mode
        of_units = step.intercept_gradients[layer]
        left = np.flatnonzero(step._left[1][layer]).tolist()
        if mode == "fixed" or not left:
            return
        if mode == "shared":
            terms = [(f"delta_{names.unit(layer + 1, j)}", self._term(of_units[j])) for j in _ends(len(of_units))]
            formula, numbers = _sum(terms, len(of_units))
            formula = formula if self.n_samples == 1 else f"mean over samples of {formula}"
            name = f"dE/d{names.intercept(layer, 0)}"
            yield Quantity("Gradients", None, layer + 1, name, formula, numbers, of_units.sum())
            return
        for j in left:
            each = [self._term(step.deltas[layer][s, j]) for s in _ends(self.n_samples)]
            formula, numbers = self._over_samples(f"delta_{names.unit(layer + 1, j)}", each)
            name = f"dE/d{names.intercept(layer, j)}"
            yield Quantity("Gradients", None, layer + 1, name, formula, numbers, of_units[j])

    def _over_samples(self, formula, each):
        if self.n_samples == 1:
            return formula, each[0]
        numbers = _sum([("", one) for one in each], self.n_samples)[1]
        return f"mean over samples of {formula}", f"({numbers}) / {self.n_samples}"

    def update(self):
        """Weights and intercepts after the step, the input layer first."""
        step, names, rate = self.step, self.names, self.shown(self.step.learning_rate)
        for layer in range(self.depth):
            for j, i in np.argwhere(step._left[0][layer].T).tolist():
                arrays = step.coefs[layer], step.coef_gradients[layer], step.new_coefs[layer]
                before, gradient, after = (array[i, j] for array in arrays)
                yield self._updated(layer, names.weight(layer, i, j), rate, before, gradient, after)
            of_units = step.intercept_gradients[layer]
            left = [] if step.intercepts_mode == "fixed" else np.flatnonzero(step._left[1][layer]).tolist()
            for j in left[:1] if step.intercepts_mode == "shared" else left:
                gradient = of_units.sum() if step.intercepts_mode == "shared" else of_units[j]
                before, after = step.intercepts[layer][j], step.new_intercepts[layer][j]
                yield self._updated(layer, names.intercept(layer, j), rate, before, gradient, after)

    def _updated(self, layer, name, rate, before, gradient, after):
        numbers = f"{self._term(before)} - {rate} * {self._term(gradient)}"
        return Quantity("Update", None, layer + 1, f"{name}_new", f"{name} - {rate} * dE/d{name}", numbers, after)


def has_total_only(step):
    """Whether the loss couples the outputs, so that a sample has one loss."""
    return step.losses.shape[1] < step.targets.shape[1]


def _ends(n):
    """Numbers of the terms of a sum that are shown."""
    return range(n) if n <= MAX_TERMS else [*range(MAX_TERMS - 2), n - 1]


def _sum(terms, n):
    """Join terms, pairs of a name and a number, of which `n` would be there if all were shown."""
    gap = ["..."] if n > MAX_TERMS and len(terms) < n else []
    parts = [list(part) for part in zip(*terms, strict=True)]
    place = MAX_TERMS - 2
    return tuple(" + ".join([*part[:place], *gap, *part[place:]] if gap else part) for part in parts)
