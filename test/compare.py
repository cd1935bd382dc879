#!/usr/bin/python3
"""Measure both kernels; write BUILD/compare/results.csv and print what the boundary costs."""

import argparse
import csv
import sys
from pathlib import Path

import measure

# column, title, width, width of its budget
OURS = (('pager', 'pager', 9, 8), ('mono', 'mono', 9, 6), ('difference', 'diff', 9, 5),
        ('ratio', 'ratio', 6, 5))
OTHERS = (('xv6_cow', 'xv6 COW'), ('xv6_tuned', 'xv6 tuned'), ('xv6_tuned_8', '8 slots'),
          ('sel4', 'seL4'), ('prototype', 'prototype'))


def write_results(path, figures):
    path.parent.mkdir(exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow([field.upper() for field in measure.Figure._fields])
        writer.writerows(figures.values())


def read_results(path):
    """{(kernel, name, size): Figure} of a results.csv."""
    lines = (','.join(['bench', *row.values()]) for row in measure.rows(path))
    return {(f.kernel, f.name, f.size): f for f in measure.read('\n'.join(lines))}


def boundary(costs, name, size):
    """What a unit costs: {'pager': , 'mono': , 'difference': , 'ratio': }; None: not measured."""
    pager, mono = (costs.get((kernel, name, size)) for kernel in ('pager', 'mono'))
    both = pager is not None and mono is not None
    return {'pager': pager, 'mono': mono, 'difference': pager - mono if both else None,
            'ratio': pager / mono if both and mono else None}


def show(value, width, decimals=0):
    text = '' if value is None else f'{value:,.{decimals}f}'
    return f'{text:>{width}}'


def decimals(column, size):
    return 2 if column == 'ratio' else 1 if size == 'page' else 0


def label(name, size):
    return f'{name} a page' if size == 'page' else f'{name} {size}' if size else name


def order(costs):
    """Names and sizes in the order of bench, a page's cost after the sizes it comes from."""
    keys = []
    for _, name, size in costs:
        if size != 'page' and (name, size) not in keys:
            keys.append((name, size))
    page = [key[1:] for key in costs if key[2] == 'page'][:1]
    at = max((i for i, key in enumerate(keys) if page and key[0] == page[0][0]), default=-1) + 1
    return keys[:at] + page + keys[at:]


def table(costs):
    """The lines of the table of ours, and whether one of them is over its budget."""
    limits, over = measure.budgets(), False
    lines = [f'{"instructions":<20}' + ''.join(f'{title:>{wide - 1}} {"<=":>{narrow}}'
                                               for _, title, wide, narrow in OURS)]
    for name, size in order(costs):
        line = f'{label(name, size):<20}'
        for column, _, wide, narrow in OURS:
            value = boundary(costs, name, size)[column]
            limit = limits.get((name, size), {}).get(column)
            worse = value is not None and limit is not None and value > limit
            over |= worse
            line += show(value, wide - 1, decimals(column, size)) + ('*' if worse else ' ')
            line += show(limit, narrow, decimals(column, size) if column == 'ratio' else 0)
        lines.append(line.rstrip())
    return lines, over


def other_table(costs):
    """The lines of the table of other systems, for the units that were measured here."""
    lines = [f'{"":<20}{"here":>9}' + ''.join(f'{title:>12}' for _, title in OTHERS)]
    for (name, size), cells in measure.budgets().items():
        here = costs.get(('pager', name, size))
        if here is not None and any(cells[column] is not None for column, _ in OTHERS):
            lines.append((f'{label(name, size):<20}{show(here, 9, decimals("", size))}' + ''.join(
                show(cells[column], 12, decimals('', size) if column == 'prototype' else 0)
                for column, _ in OTHERS)).rstrip())
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=measure.ROOT / 'build')
    build = parser.parse_args().build.resolve()
    names = measure.kernels(build)
    try:
        figures = measure.measure_all(build, names)
    except measure.Failed as failure:
        print(failure)
        return 1
    write_results(build / 'compare/results.csv', figures)
    costs = measure.medians(figures)
    lines, over = table(costs)
    print( '\n'.join(lines))
    if over:
        print('* over its budget')
    print('\n' + '\n'.join(other_table(costs)))
    print(f'\nAll figures: {build / "compare/results.csv"}; others: test/budgets.csv. One again:')
    for kernel in names:
        print(measure.again(kernel))
    return 0


if __name__ == '__main__':
    sys.exit(main())
