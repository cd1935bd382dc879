#!/usr/bin/python3
"""What operations cost beside many processes and sharers of a page, and what is kept about each.

Writes BUILD/compare/scale.csv and prints its table. KIND `alive`: N other processes are there;
`sharers`: N processes have the page; `bytes`: NAME `process` or `page`, SIZE `kernel` or `pager`;
`most`: depth of a chain of forks in so many MiB.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

import measure
import qemu

ALIVE, SHARERS, MEMORY = (10, 100, 500), (2, 16, 300), 128
GROWTH_MAX = 0.01  # from the fewest processes to the most
UNITS = ('syscall', 'ipc', 'request', 'fault_upgrade', 'fault_copy', 'fault_zero', 'pipe', 'fork',
         'fork_exit_wait', 'fork_exec_wait')


class Point(NamedTuple):
    """A line of scale.csv: instructions, bytes or processes."""
    kernel: str
    kind: str
    name: str
    n: str
    value: int


def boot(build, kernel, program, memory=256):
    """What a program prints, which must end well and leave a clean audit."""
    result = qemu.run(str(build / measure.IMAGES[kernel]), str(build / 'bootfs.cpio'),
                      f"run='{program}'", icount='shift=0', mem=f'{memory}M',
                      timeout=measure.TIMEOUT)
    audit = qemu.audit(result.output)
    if result.status != 0 or not audit or not audit['ok']:
        raise measure.Failed(f'{result.output}\n{kernel}: {program}')
    return result.output


def alive(build, kernel, name, n):
    figure, = measure.read(boot(build, kernel, f'crowd {n} bench {name}'))
    return [Point(kernel, 'alive', name, n, figure.median)]


def shared(build, kernel, n):
    return [Point(kernel, 'sharers', figure.name, n, figure.median)
            for figure in measure.read(boot(build, kernel, f'sharers {n}'))]


def footprint(build, kernel):
    return [Point(kernel, 'bytes', name, where, int(count)) for name, *counts in re.findall(
        r'(?m)^footprint,\w+,(\w+),(\d+),(\d+)$', boot(build, kernel, 'footprint'))
            for where, count in zip(('kernel', 'pager'), counts)]


def most(build, kernel):
    """A chain of processes until a fork is refused."""
    _, values = qemu.tests(boot(build, kernel, 'forktest', MEMORY))
    return [Point(kernel, 'most', 'chain', MEMORY, values['chain']['depth'])]


def measure_all(build, names):
    """All points, with a line of progress."""
    jobs = [job for kernel in names for job in [
        *((alive, kernel, name, n) for name in UNITS for n in ALIVE),
        *((shared, kernel, n) for n in SHARERS), (footprint, kernel), (most, kernel)]]
    points = []
    for count, (function, *arguments) in enumerate(jobs, 1):
        measure.progress_line(f'scaling {count} of {len(jobs)}: {function.__name__} '
                              + ' '.join(map(str, arguments)))
        points += function(build, *arguments)
    measure.progress_line(f'scaling: {len(points)} figures', done=True)
    return points


def curve(points, kernel, kind, name):
    """[(N, value)] of one operation."""
    return [(point.n, point.value) for point in points
            if point[:3] == (kernel, kind, name)]


def names_of(points, kind):
    return list(dict.fromkeys(point.name for point in points if point.kind == kind))


def again(kind, kernel='pager'):
    """The command that repeats a point."""
    words = {'alive': 'crowd N bench NAME', 'sharers': 'sharers N', 'bytes': 'footprint',
             'most': 'forktest'}[kind]
    return 'test/boot --icount' + (f' --mem {MEMORY}M' if kind == 'most' else '') + \
        (f' --kernel {kernel}' if kernel != 'pager' else '') + f" --run '{words}'"


def table(points, names):
    """Lines of at most 80 columns."""
    lines = []
    for kind, title in (('alive', 'other processes alive'), ('sharers', 'sharers of the page')):
        counts = list(dict.fromkeys(point.n for point in points if point.kind == kind))
        lines.append(f'{title:<22}' + ''.join(f'{kernel:>{9 * len(counts)}}' for kernel in names))
        lines.append(' ' * 22 + ''.join(f'{n:>9}' for n in counts) * len(names))
        for name in names_of(points, kind):
            lines.append(f'{name:<22}' + ''.join(f'{value:>9,}' for kernel in names for _, value
                                                 in curve(points, kernel, kind, name)))
        lines.append('')
    for kernel in names:
        kept = {(point.name, point.n): point.value for point in points
                if point.kernel == kernel and point.kind == 'bytes'}
        number, = (point.value for point in points if point[:2] == (kernel, 'most'))
        lines += [f'{kernel}: bytes kept ' + ', '.join(
            f'a {name}: {kept[name, "kernel"]:,} + {kept[name, "pager"]:,}'
            for name in ('process', 'page')) + ' (kernel + pager)',
            f'{"":{len(kernel) + 2}}a chain of {number:,} processes in {MEMORY} MiB']
    return lines


def growing(build, kernel):
    """Units that cost more beside the most processes than beside the fewest."""
    lines = []
    for name in UNITS:
        few, many = (point.value for n in (ALIVE[0], ALIVE[-1])
                     for point in alive(build, kernel, name, n))
        if many > few * (1 + GROWTH_MAX):
            lines.append(f'{kernel}: {name}: {few:,} beside {ALIVE[0]} processes, '
                         f'{many:,} beside {ALIVE[-1]}')
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--build', type=Path, default=measure.ROOT / 'build')
    parser.add_argument('--flat', action='store_true',
                        help='measure less, print only what grows with the processes, and fail then')
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    names = measure.kernels(build)
    if arguments.flat:
        lines = growing(build, 'pager')
        print('\n'.join(lines) or f'scale: {len(UNITS)} units ok')
        return 1 if lines else 0
    try:
        points = measure_all(build, names)
    except measure.Failed as failure:
        print(failure)
        return 1
    measure.write(build / 'compare/scale.csv', Point, points)
    print('\n'.join(table(points, names)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
