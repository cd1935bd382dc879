#!/usr/bin/python3
"""Measure both kernels; write BUILD/compare/index.html with its CSV files, print the tables."""

import argparse
import sys
from pathlib import Path

import boundary
import gather
import measure
import scale
from report import page


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=measure.ROOT / 'build')
    build = parser.parse_args().build.resolve()
    try:
        results = gather.gather(build)
    except measure.Failed as failure:
        print(failure)
        return 1
    costs = measure.medians(results.figures)
    lines, over = boundary.table(costs)
    print('\n' + '\n'.join(lines))
    if over:
        print('* over its budget')
    print('\n' + '\n'.join(boundary.other_table(costs)))
    print('\n' + '\n'.join(scale.table(results.points, results.kernels)))
    print('\nOne again, and others: test/budgets.csv, README.md')
    for kernel in results.kernels:
        print('  ' + measure.again(kernel))
    (build / 'compare/index.html').write_text(page.page(results), encoding='utf-8')
    print(f'The report: {build / "compare/index.html"}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
