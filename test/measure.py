"""Figures of bench: one boot each, under -icount, so that each is repeated by one command."""

import csv
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import qemu

ROOT = Path(__file__).resolve().parent.parent
IMAGES = {'pager': 'holstein.elf', 'mono': 'holstein-mono.elf'}
SIZES = (0, 64, 1024, 4096, 16384)
PAGE_SIZES = (16384, 4096)  # whose difference is the cost of a page more
SINGLE = ('syscall', 'ipc', 'request', 'fault_upgrade', 'fault_copy', 'fault_zero', 'pipe')
PLACED = ('ipc', 'request', 'fault_upgrade', 'fault_copy', 'fault_zero', 'fork')
SIZED = ('fork', 'fork_exit_wait', 'fork_exec_wait')
TIMEOUT = 300


class Figure(NamedTuple):
    """A line of bench; costs in `unit` are median, least and most of its runs."""
    kernel: str
    policy: str
    harts: int
    name: str
    size: int
    unit: str
    median: int
    min: int
    max: int


class Failed(Exception):
    """A boot did not give its figure."""


def kernels(build):
    """The names of the kernels that a build directory has."""
    return [name for name, image in IMAGES.items() if (build / image).exists()]


def units(sizes=SIZES):
    """What there is to measure: pairs of name and size."""
    return [(name, 0) for name in SINGLE] + [(name, size) for name in SIZED for size in sizes]


def program(name, size, runs=None):
    """The words that make bench measure a unit."""
    words = ['bench', name]
    if size or runs:
        words.append(str(size))
    return ' '.join(words + ([str(runs)] if runs else []))


def boot_line(name, size, policy='', runs=None, more=''):
    words = [f'policy={policy}' if policy else '', more, f"run='{program(name, size, runs)}'"]
    return ' '.join(filter(None, words))


def again(kernel, name='NAME', size='SIZE', policy=''):
    """The command that repeats a figure."""
    return 'test/boot --icount' + (f' --kernel {kernel}' if kernel != 'pager' else '') + \
        (f' --policy {policy}' if policy else '') + f" --run '{program(name, size)}'"


def read(output):
    """All figures in what a boot printed."""
    return [Figure(*(int(text) if kind is int else text for text, kind
                     in zip(fields, Figure.__annotations__.values())))
            for line in output.splitlines() if line.startswith('bench,')
            and len(fields := line.split(',')[1:]) == len(Figure._fields)]


def boot(build, kernel, name, size=0, policy='', more=()):
    """The figures of one boot, whose program, audit and exit status must be right; `more` names
    those that follow the first."""
    result = qemu.run(str(build / IMAGES[kernel]), str(build / 'bootfs.cpio'),
                      boot_line(name, size, policy), icount='shift=0', timeout=TIMEOUT)
    figures, audit = read(result.output), qemu.audit(result.output)
    expected = [(kernel, policy or figure.policy, 1, unit, size)
                for figure, unit in zip(figures, more or [name])]
    if result.status != 0 or len(figures) != len(more or [name]) or not audit or \
            not audit['ok'] or [figure[:5] for figure in figures] != expected:
        raise Failed(f'{result.output}\nno figure of {name} {size} on {kernel}; once more by hand:'
                     f'\n{shlex.join(result.command)}')
    return figures


def measure(build, kernel, name, size, policy=''):
    """One figure: one boot."""
    return boot(build, kernel, name, size, policy)[0]


def measure_placements(build, names):
    """{(kernel, 'NAME@median' or 'NAME@worst', 0): Figure}: one boot for each of those kernels."""
    more = [f'{name}@{which}' for name in PLACED for which in ('median', 'worst')]
    return {(kernel, figure.name, 0): figure for kernel in names
            for figure in boot(build, kernel, 'placement', more=more)}


def compiler(build):
    """What made the kernel, by its debugging information, as ('gcc 12.2', '-O2')."""
    text = subprocess.run(['riscv64-unknown-elf-readelf', '--debug-dump=info', '--dwarf-depth=1',
                           build / IMAGES['pager']], capture_output=True, text=True,
                          check=True).stdout
    found = re.search(r'DW_AT_producer.*: GNU C\d* (\d+\.\d+)[\d.]*\b.* (-O\w*)', text)
    return (f'gcc {found[1]}', found[2]) if found else ('an unknown compiler', '')


def emulator():
    """The version of the emulator, as (7, 2)."""
    text = subprocess.run([os.environ.get('QEMU', 'qemu-system-riscv64'), '--version'],
                          capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.search(r'version (\d+)\.(\d+)', text).groups()))


def measure_all(build, names, sizes=SIZES):
    """{(kernel, name, size): Figure} of those kernels, with a line of progress."""
    figures, wanted = {}, [(kernel, *unit) for kernel in names for unit in units(sizes)]
    for count, key in enumerate(wanted, 1):
        progress_line(f'measuring {count} of {len(wanted)}: {key[0]} {key[1]} {key[2]}')
        figures[key] = measure(build, *key)
    progress_line(f'measured: {len(wanted)} figures of {" and ".join(names)}', done=True)
    return figures


def write(path, kind, rows):
    """Rows of that named tuple as CSV."""
    path.parent.mkdir(exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow([field.upper() for field in kind._fields])
        writer.writerows(rows)


def medians(figures):
    """{(kernel, name, size): instructions}, with (kernel, 'fork', 'page') for a page's own cost."""
    costs = {key: figure.median for key, figure in figures.items()}
    large, small = PAGE_SIZES
    for kernel in IMAGES:
        if {(kernel, 'fork', large), (kernel, 'fork', small)} <= costs.keys():
            costs[kernel, 'fork', 'page'] = \
                (costs[kernel, 'fork', large] - costs[kernel, 'fork', small]) / (large - small)
    return costs


def rows(path):
    """The rows of a CSV file as dictionaries, without its lines of comment."""
    with open(path, newline='', encoding='utf-8') as file:
        return list(csv.DictReader(line for line in file if not line.startswith('#')))


def number(text):
    """A cell: '' is None."""
    return None if text == '' else float(text) if '.' in text else int(text)


def budgets():
    """test/budgets.csv as {(name, size): {column: number or None}}."""
    return {(row['NAME'], 'page' if row['SIZE'] == 'page' else int(row['SIZE'])):
            {column: number(text) for column, text in row.items() if column not in ('NAME', 'SIZE')}
            for row in rows(ROOT / 'test/budgets.csv')}


def progress_line(text, done=False):
    """On a terminal one line that is written over; elsewhere nothing but what is done."""
    if sys.stdout.isatty():
        print(f'\r\033[K{text}', end='\n' if done else '', flush=True)
    elif done:
        print(text, flush=True)
