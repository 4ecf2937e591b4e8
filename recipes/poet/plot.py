"""Draws `log/loss.svg` from `log/train.jsonl`: training loss (smoothed), held-out loss, and the learning rate's factor."""

from __future__ import annotations

import json
from pathlib import Path

LOG = Path(__file__).parent / "log"
WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 760, 360, 52, 40, 28, 24
LOW, HIGH = 3.5, 7.0


def main() -> None:
    rows = [json.loads(line) for line in (LOG / "train.jsonl").open()]
    last = rows[-1]["step"]

    def x(step: int) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * step / last, 1)

    def y(value: float, low: float = LOW, high: float = HIGH) -> float:
        share = min(1.0, max(0.0, (value - low) / (high - low)))
        return round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share, 1)

    smooth, train = rows[0]["loss"], []
    for row in rows:
        smooth += 0.05 * (row["loss"] - smooth)
        if row["step"] % 5 == 0:
            train.append(f"{x(row['step'])},{y(smooth)}")
    held = [f"{x(r['step'])},{y(r['heldOut'])}" for r in rows if "heldOut" in r]
    rates = [f"{x(r['step'])},{y(r['rate'], 0, 4)}" for r in rows if r["step"] % 10 == 0]
    ticks = []
    value = LOW
    while value <= HIGH:
        ticks.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value)}" y2="{y(value)}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 8}" y="{y(value) + 4}" text-anchor="end">{value:.1f}</text>')
        value += 0.5
    for step in range(0, last + 1, 250):
        ticks.append(f'<text x="{x(step)}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{step}</text>')
    lines = [f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="{width}"/>'
             for points, colour, width in ((rates, "#bbb", 1), (train, "#2f6fab", 1.5), (held, "#c0392b", 2))]
    legend = "".join(f'<text x="{WIDTH - RIGHT - 8}" y="{TOP + 14 + 18 * i}" text-anchor="end" fill="{colour}">{name}</text>'
                     for i, (name, colour) in enumerate((("training loss, smoothed", "#2f6fab"), ("held-out loss", "#c0392b"),
                                                         ("learning rate (share of its peak)", "#999"))))
    svg = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12" fill="#333">'
           f'<rect width="100%" height="100%" fill="#fff"/>{"".join(ticks)}{"".join(lines)}{legend}'
           f'<text x="{LEFT}" y="{TOP - 10}">nats a token of the answer</text>'
           f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">step (8,192 tokens each)</text></svg>\n')
    (LOG / "loss.svg").write_text(svg)


if __name__ == "__main__":
    main()
