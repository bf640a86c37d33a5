"""The layers of a model as a picture (SVG), drawn without graphviz."""

from __future__ import annotations

from html import escape
from typing import Any

import keras

WIDTH, HEIGHT, GAP = 380, 44, 22
"""Of a box, and between two, in pixels."""
BEND = 90
"""How far an edge that jumps over boxes bends out to the right."""


def picture(model: keras.Model) -> str:
    """One box per layer of a functional model, from the input down, and a line per connection."""
    layers = [node.operation for depth in _depths(model) for node in depth]
    rows = {id(layer): row for row, layer in enumerate(layers)}
    height = len(layers) * (HEIGHT + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + BEND + 2 * GAP}" '
        f'height="{height}" font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for layer in layers:
        parts += [_edge(rows[id(parent)], rows[id(layer)]) for parent in _parents(layer, rows)]
    parts += [_box(row, layer) for row, layer in enumerate(layers)]
    return "\n".join([*parts, "</svg>", ""])


def _depths(model: keras.Model) -> list[list[Any]]:
    """The model's nodes by their distance from the output, the farthest first."""
    by_depth = model._nodes_by_depth
    return [by_depth[depth] for depth in sorted(by_depth, reverse=True)]


def _parents(layer: Any, rows: dict[int, int]) -> list[Any]:  # noqa: ANN401
    """The layers of this model that ``layer`` takes its input from."""
    found = [
        tensor._keras_history.operation
        for node in layer._inbound_nodes
        for tensor in node.input_tensors
    ]
    return [parent for parent in dict.fromkeys(found) if id(parent) in rows]


def _top(row: int) -> int:
    return GAP + row * (HEIGHT + GAP)


def _edge(start: int, end: int) -> str:
    style = 'fill="none" stroke="#5b6b7b" stroke-width="1.5"'
    middle, right = GAP + WIDTH // 2, GAP + WIDTH
    if end == start + 1:
        return f'<path d="M{middle} {_top(start) + HEIGHT}V{_top(end)}" {style}/>'
    begin, finish = _top(start) + HEIGHT // 2, _top(end) + HEIGHT // 2
    bend = right + BEND
    return f'<path d="M{right} {begin}C{bend} {begin} {bend} {finish} {right} {finish}" {style}/>'


def _box(row: int, layer: Any) -> str:  # noqa: ANN401
    top, middle = _top(row), GAP + WIDTH // 2
    shape = getattr(layer.output, "shape", "")
    text = f"{type(layer).__name__} {tuple(shape)}"
    detail = f"{layer.name}, {layer.count_params():,} parameters"
    return (
        f'<rect x="{GAP}" y="{top}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#e8f0fa" '
        f'stroke="#5b6b7b"/><text x="{middle}" y="{top + 18}" text-anchor="middle">'
        f'{escape(text)}</text><text x="{middle}" y="{top + 35}" text-anchor="middle" '
        f'fill="#5b6b7b">{escape(detail)}</text>'
    )
