"""Charts as SVG, with logarithmic axes."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from pathlib import Path

WIDTH, HEIGHT, MARGIN = 640, 400, 60
COLORS = ("#005ea2", "#b50909", "#00a91c", "#8168b3", "#c05600")

Curve = Sequence[tuple[float, float]]


def plot_curves(file: Path, title: str, axis_label: str, curves: Mapping[str, Curve]) -> None:
    """Write ``curves`` to ``file``; ``axis_label`` names the horizontal axis."""
    xs = [x for curve in curves.values() for x, _ in curve]
    ys = [y for curve in curves.values() for _, y in curve if y > 0]
    left, right = floor(log10(min(xs))), ceil(log10(max(xs)))
    low, high = floor(log10(min(ys))), ceil(log10(max(ys)))

    def to_pixels(x: float, y: float) -> tuple[float, float]:
        x_share = (log10(x) - left) / max(right - left, 1)
        y_share = (log10(y) - low) / max(high - low, 1)
        return MARGIN + x_share * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - y_share * (
            HEIGHT - 2 * MARGIN
        )

    elements = [_text(WIDTH / 2, 24, title), _text(WIDTH / 2, HEIGHT - 12, axis_label)]
    for power in range(left, right + 1):
        x, y = to_pixels(10**power, 10**low)
        elements += [_line(x, y, x, MARGIN), _text(x, y + 18, f"{10**power:,g}")]
    for power in range(low, high + 1):
        x, y = to_pixels(10**left, 10**power)
        elements += [_line(x, y, WIDTH - MARGIN, y), _text(x - 28, y + 4, f"{10.0**power:g}")]
    for number, (name, curve) in enumerate(curves.items()):
        color = COLORS[number % len(COLORS)]
        points = [to_pixels(x, y) for x, y in curve if y > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        elements.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        )
        elements += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in points]
        elements.append(_text(WIDTH / 2, MARGIN + 16 * number, name, color))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" text-anchor="middle">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        + "\n".join(elements)
        + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, color: str = "#1b1b1b") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{color}">{text}</text>'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#dfe1e2"/>'
