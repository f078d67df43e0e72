#!/usr/bin/env python3
"""Makes the plots and tables of docs/performance.md from the JSON lines in benches/results.

    benches/plot.py            writes docs/growth-*.svg and the tables between the markers of the page
    benches/plot.py --check    fails where a file is not what would be written

To measure anew (each file is the standard output of one process):

    cargo bench --bench workloads -- --growth --json >benches/results/growth.jsonl
    cargo bench --bench workloads -- --json spread stacked selective lines memory >benches/results/run-1.jsonl  # to 3
    cargo bench --bench workloads -- --quick --json memory-options restore >benches/results/options.jsonl
"""

import json
import math
import sys
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches" / "results"
PAGE = ROOT / "docs" / "performance.md"

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 60
COLOURS = ["#0b6e4f", "#b5451b"]


def lines(name):
    return [json.loads(line) for line in (RESULTS / name).read_text().splitlines()]


# Plots: both axes logarithmic, a lane drawn through, its limit dashed.


def curves(rows, workload, lanes):
    for (lane, title), colour in zip(lanes, COLOURS):
        own = sorted((row for row in rows if (row["workload"], row["lane"]) == (workload, lane)), key=lambda r: r["n"])
        yield title, colour, "", [(row["n"], row["nsPerEvent"]) for row in own]
        yield f"{title}: the limit", colour, ' stroke-dasharray="6 4"', [(row["n"], row["limitNs"]) for row in own]


def decades(numbers):
    return range(math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers))) + 1)


def power(exponent):
    return f"{10**exponent:,}".replace(",", " ")


def plot(title, drawn):
    drawn = list(drawn)
    xs = [x for *_, points in drawn for x, _ in points]
    ys = [y for *_, points in drawn for _, y in points]
    across, up = decades(xs), decades(ys)
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

    def x_of(x):
        return LEFT + (math.log10(x) - across[0]) / (across[-1] - across[0]) * (right - LEFT)

    def y_of(y):
        return bottom - (math.log10(y) - up[0]) / (up[-1] - up[0]) * (bottom - TOP)

    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="14">{title}</text>',
    ]
    for exponent in across:
        x = x_of(10**exponent)
        out.append(f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{bottom}" stroke="#dddddd"/>')
        out.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{power(exponent)}</text>')
    for exponent in up:
        y = y_of(10**exponent)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#dddddd"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{power(exponent)}</text>')
    out.append(f'<text x="{(LEFT + right) / 2:.1f}" y="{HEIGHT - 16}" text-anchor="middle">triggers</text>')
    middle = (TOP + bottom) / 2
    out.append(
        f'<text x="18" y="{middle:.1f}" text-anchor="middle" transform="rotate(-90 18 {middle:.1f})">ns an event</text>'
    )
    for place, (name, colour, dashes, points) in enumerate(drawn):
        path = " ".join(f"{x_of(x):.1f},{y_of(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>')
        if not dashes:
            out += [f'<circle cx="{x_of(x):.1f}" cy="{y_of(y):.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = TOP + 10 + 22 * place
        out.append(
            f'<line x1="{right + 16}" y1="{y}" x2="{right + 46}" y2="{y}" stroke="{colour}" stroke-width="2"{dashes}/>'
        )
        out.append(f'<text x="{right + 54}" y="{y + 4}">{name}</text>')
    return "\n".join([*out, "</svg>", ""])


# Tables.


def span(numbers, decimals):
    texts = sorted({f"{number:.{decimals}f}" for number in numbers}, key=float)
    return texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def table(head, rows):
    marks = ["---:" if place > 1 else "---" for place in range(len(head))]
    return "".join(f"| {' | '.join(row)} |\n" for row in [head, marks, *rows])


def whole(number):
    return f"{number:,}".replace(",", " ")


def ratios(runs):
    """A row for each lane with a limit: the median over the runs, and from which to which the ratio went."""
    body = []
    for row in runs[0]:
        key = (row["workload"], row["n"], row["lane"])
        same = [other for run in runs for other in run if (other["workload"], other["n"], other["lane"]) == key]
        if row["ratio"] is None or row["nsPerEvent"] is None:
            continue
        ratio = [other["ratio"] for other in same]
        body.append(
            [
                f"`{row['workload']}`, {whole(row['n'])}",
                row["lane"],
                f"{median(other['nsPerEvent'] for other in same):.0f}",
                f"{median(other['limitNs'] for other in same):.0f}",
                f"{median(ratio):.2f}",
                span(ratio, 2),
                "" if row["target"] is None else f"{row['target']:.2f}",
                f"{median(other['allocsPerEvent'] for other in same):.3f}",
            ]
        )
    head = ["workload", "lane", "ns an event", "limit, ns", "ratio", "in three runs", "target", "allocations an event"]
    return table(head, body)


def sizes(runs):
    named = {"": "tripline", "map": "a map of boxed names", "dense": "a dense array"}
    found = {}
    for row in (row for run in runs for row in run if row["workload"] == "memory"):
        kind, _, side = row["lane"].partition("/")
        found.setdefault(side, {}).setdefault(kind, []).append(row["bytesPerTrigger"])
    body = [[named[side], "", *(span(found[side][kind], 0) for kind in ("live", "resident"))] for side in named]
    body[0][1] = "200 resident"
    return table(["what", "target", "live", "resident"], body)


def options(rows):
    found = {}
    for row in (row for row in rows if row["workload"] == "memory-options"):
        kind, _, option = row["lane"].partition("/")
        found.setdefault(option, {})[kind] = row["bytesPerTrigger"]
    plain = found["plain"]["resident"]
    body = [
        [f"`{option}`", f"{bytes_['resident'] - plain:+.0f}", f"{bytes_['live']:.0f}", f"{bytes_['resident']:.0f}"]
        for option, bytes_ in found.items()
    ]
    return table(["option", "beside plain", "live", "resident"], body)


def restore(rows):
    body = [
        [
            row["lane"],
            whole(row["n"]),
            f"{row['nsPerEvent']:.0f}",
            f"{row['min']:.0f} to {row['max']:.0f}",
            f"{row['limitNs']:.0f}",
            f"{row['ratio']:.1f}",
            f"{row['bytesPerTrigger']:.0f}",
        ]
        for row in rows
        if row["workload"] == "restore"
    ]
    head = ["way", "series", "ns a series", "from, to", "by hand, ns", "ratio", "bytes a series"]
    return table(head, body)


def counts():
    rows = [line.split() for line in (ROOT / "benches" / "counts.txt").read_text().splitlines()]
    body = [[f"`{row[0]}`", row[1], f"{int(row[2]) / int(row[1]):.0f}"] for row in rows if row[0] != "#"]
    return table(["lane", "events or series", "instructions each"], body)


def between(page, name, text):
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, found, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not found or not closed:
        sys.exit(f"{PAGE}: no place for {name}")
    return f"{head}{begin}\n{text}\n{end}{tail}"


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    growth, apart = lines("growth.jsonl"), lines("options.jsonl")
    runs = [lines(f"run-{number}.jsonl") for number in (1, 2, 3)]
    page = PAGE.read_text()
    tables = {
        "ratios": ratios(runs),
        "sizes": sizes(runs),
        "options": options(apart),
        "restore": restore(apart),
        "counts": counts(),
    }
    for name, text in tables.items():
        page = between(page, name, text)
    by_handle, stacked = [("handle", "by handle"), ("name", "by name")], [("plain", "plain"), ("rearm", "rearm")]
    files = {
        ROOT / "docs" / "growth-spread.svg": plot(
            "spread: one trigger a series, a million events", curves(growth, "spread", by_handle)
        ),
        ROOT / "docs" / "growth-stacked.svg": plot(
            "stacked: all triggers on one series, firings included", curves(growth, "stacked", stacked)
        ),
        PAGE: page,
    }
    if sys.argv[1:]:
        stale = [str(path.relative_to(ROOT)) for path, text in files.items() if not path.exists() or path.read_text() != text]
        if stale:
            sys.exit(f"not what benches/plot.py makes of benches/results: {', '.join(stale)}")
        return
    for path, text in files.items():
        path.write_text(text)


main()
