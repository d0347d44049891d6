"""Text, HTML, LaTeX and a data frame of quantities."""

import html as markup
import itertools
import re

from sknn_concepts.inspection.step.quantities import Quantity, shown

#: Lines of a part that are shown, and samples of a batch.
MAX_LINES, MAX_SAMPLES = 40, 3

_WRAPPED = "text-align: left; font-family: monospace; padding-right: 1em"
_STYLE = f"{_WRAPPED}; white-space: nowrap"


def _parts(quantities):
    """Yield the heading of each part, its first quantities, and how many more it has."""
    for heading, of_part in itertools.groupby(quantities, key=lambda quantity: quantity.part):
        some = list(of_part)
        yield heading, some[:MAX_LINES], len(some[MAX_LINES:])


def _sides(quantity, decimals):
    """Return formula, numbers and value as text, without those that only repeat another."""
    value = shown(float(quantity.value), decimals)
    sides = [quantity.formula, quantity.numbers, value]
    return [side for place, side in enumerate(sides) if side and side not in sides[place + 1 :]]


def text(quantities, decimals):
    """Return lines of quantities under headings."""
    lines = []
    for heading, some, n_more in _parts(quantities):
        lines += [heading, *(f"  {' = '.join([quantity.name, *_sides(quantity, decimals)])}" for quantity in some)]
        lines += [f"  ... and {n_more:,} more"] if n_more else []
    return "\n".join(lines)


def html(quantities, decimals):
    """Return an HTML table of quantities, with headings."""
    rows = []
    for heading, some, n_more in _parts(quantities):
        rows.append(f'<tr><th colspan="4" style="text-align: left">{markup.escape(heading)}</th></tr>')
        for quantity in some:
            cells = quantity.name, shown(float(quantity.value), decimals), quantity.formula, quantity.numbers
            styled = zip(cells, (_STYLE, _STYLE, _WRAPPED, _WRAPPED), strict=True)
            rows.append(
                "<tr>" + "".join(f'<td style="{style}">{markup.escape(cell)}</td>' for cell, style in styled) + "</tr>"
            )
        if n_more:
            rows.append(f'<tr><td colspan="4" style="{_STYLE}">... and {n_more:,} more</td></tr>')
    names = "".join(f'<th style="text-align: left">{name}</th>' for name in ("Quantity", "Value", "Formula", "Numbers"))
    return (
        f'<div style="overflow-x: auto"><table><thead><tr>{names}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def latex(quantities, decimals):
    """Return an align* environment for each part, under its heading."""
    blocks = []
    for heading, some, n_more in _parts(quantities):
        lines = []
        for quantity in some:
            name = re.sub(r" \(.*\)$", "", quantity.name)
            lines.append(f"{as_latex(name)} &= {' = '.join(map(as_latex, _sides(quantity, decimals)))}")
        lines += [rf"&\text{{... and {n_more:,} more}}"] if n_more else []
        joined = " \\\\\n".join(lines)
        blocks.append(f"\\textbf{{{heading}}}\n\\begin{{align*}}\n{joined}\n\\end{{align*}}")
    return "\n".join(blocks)


def frame(quantities):
    """Return a pandas DataFrame with a row for each quantity."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_frame needs pandas, which is not installed: pip install pandas.") from error
    names = ["quantity" if name == "name" else name for name in Quantity._fields]
    result = pandas.DataFrame(list(quantities), columns=names)
    return result.astype({"sample": "Int64", "layer": "Int64", "value": float})


#: What becomes LaTeX: a derivative, a power, a number with an exponent, a name, a product, a function call of a name.
_TOKENS = re.compile(
    r"(?P<derivative>d\w+/d\w+)|(?P<words>mean over samples of|E of sample \d+|mean E)|(?P<power>\^2)"
    r"|(?P<exponent>\d(?:\.\d+)?e[-+]\d+)|(?P<name>[A-Za-z]\w*'?)|(?P<times> \* )|(?P<dots>\.\.\.)"
)


def as_latex(text):
    """Return LaTeX of a name, a formula or numbers."""
    return _TOKENS.sub(_convert, text)


def _convert(match):
    kind, token = match.lastgroup, match.group()
    if kind == "derivative":
        above, below = token.split("/")
        return rf"\frac{{\partial {_symbol(above[1:])}}}{{\partial {_symbol(below[1:])}}}"
    if kind == "exponent":
        mantissa, power = token.split("e")
        return rf"{mantissa} \cdot 10^{{{int(power)}}}"
    fixed = {"power": "^{2}", "times": r" \cdot ", "dots": r"\dots"}
    if kind == "words":
        return rf"\text{{{token} }}"
    return fixed.get(kind) or _symbol(token)


def _symbol(name):
    """Return LaTeX of a name such as w5, b_h1, net_h1, delta_o1, w5_new or logistic."""
    new = name.endswith("_new")
    base = name.removesuffix("_new")
    exponent = "^{+}" if new else ""
    head, _, index = base.partition("_")
    if not index and (numbered := re.fullmatch(r"([A-Za-z])(\d+)", base)):
        head, index = numbered.groups()
    head = {"delta": r"\delta", "exp": r"\exp", "log": r"\log"}.get(
        head, head if len(head) == 1 else rf"\mathrm{{{head}}}"
    )
    index = index.replace("_", ",")
    return f"{head}_{{{index}}}{exponent}" if index else f"{head}{exponent}"
