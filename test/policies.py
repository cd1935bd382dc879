#!/usr/bin/python3
"""What whole programs cost under each pager policy: apps/workload.c, a boot a policy.

usage: policies.py [--build DIR] [--kernel pager|mono] [--write] [POLICY...]

All policies of the tree on holstein.elf: are pager/policy/README.md's tables within one percent of
what was measured? --write makes them anew.
"""

import argparse
import re
import sys
from pathlib import Path

import measure as benchmark
import qemu

ROOT = Path(__file__).resolve().parent.parent
FIELDS = ('kernel', 'policy', 'name', 'instructions', 'upgrades', 'copies', 'zeros', 'maps',
          'ahead', 'peak', 'pause')


def known(build):
    """The policies that were built in."""
    table = (build / 'pager/policy_list.c').read_text()
    files = re.findall(r'&policy_(\w+),', table)
    return [name.replace('_', '-') for name in files]


def measure(build, kernel, policy):
    """{workload: {field: value}}, or None: the boot failed."""
    image = {'pager': 'holstein.elf', 'mono': 'holstein-mono.elf'}[kernel]
    result = qemu.run(str(build / image), str(build / 'bootfs.cpio'),
                      f'policy={policy} run=workload', icount='shift=0,sleep=off', timeout=300)
    audit = qemu.audit(result.output)
    if result.status != 0 or audit is None or not audit['ok']:
        print(result.output)
        return None
    rows = [dict(zip(FIELDS, line.split(','))) for line in
            re.findall(r'(?m)^workload,(.*?)\r?$', result.output)]
    for latency in re.findall(r'(?m)^workload: (.*?)\r?$', result.output):
        print(f'{policy}: {latency}')
    return {row['name']: {field: int(row[field]) for field in FIELDS[3:]} for row in rows}


def faults(row):
    return row['upgrades'] + row['copies'] + row['zeros'] + row['maps']


def table(title, policies, figures, cell, markdown=False):
    names = list(next(iter(figures.values())))
    lines = [[title, *policies]]
    lines += [[name, *(f'{cell(figures[policy][name]):,}' for policy in policies)]
              for name in names]
    if markdown:
        lines = ['| ' + ' | '.join(line) + ' |' for line in lines]
        lines.insert(1, '|---|' + '--:|' * len(policies))
        return '\n'.join(lines)
    return '\n'.join(f'{line[0]:<28}' + ''.join(f'{word:>15}' for word in line[1:])
                     for line in lines)


def copied(row):
    return row['copies'] + row['ahead']


# Title, and the figure of a workload's row.
TABLES = (('thousand instructions', lambda row: round(row['instructions'] / 1000)),
          ('faults', faults),
          ('pages copied in faults', copied),
          ('frames at the peak', lambda row: row['peak']),
          ('longest pause, instructions', lambda row: row['pause']))
README = ROOT / 'pager/policy/README.md'


def old_table(text, title):
    """Where README.md has the table of that title; None: it has none."""
    return re.search(rf'(?m)^\| {title} \|.*\n(?:\|.*\n)+', text)


def cells(lines):
    """{(row, column): number} of a markdown table."""
    head, _, *rows = [[word.strip() for word in line.strip('| ').split('|')]
                      for line in lines.strip().split('\n')]
    return {(row[0], column): int(word.replace(',', ''))
            for row in rows for column, word in zip(head[1:], row[1:])}


def stale_readme(policies, figures, write):
    """Names of the README's tables that are not what was measured; with `write` none is."""
    text, stale = README.read_text(encoding='utf-8'), []
    for title, cell in TABLES:
        if (old := old_table(text, title)) is None:
            continue
        new = table(title, policies, figures, cell, True) + '\n'
        if write:
            text = text.replace(old[0], new)
        else:
            said, seen = cells(old[0]), cells(new)
            if said.keys() != seen.keys() or any(abs(said[at] - seen[at]) > 0.01 * seen[at]
                                                 for at in seen):
                stale.append(title)
    if write:
        README.write_text(text, encoding='utf-8')
    return [f'README.md: {title}: not what was measured: test/policies.py --write mends it'
            for title in stale]


# What policies are for: policy, workload, figure, at most so much of cow's.
CLAIMS = (
    ('zero', 'sparse', 'peak', lambda row: row['peak'], 0.1),
    ('around', 'child-100', 'faults', faults, 0.25),
    ('around', 'child-1', 'pages copied', copied, 1.1),
    ('around', 'parent-after', 'faults', faults, 0.25),
    ('eager', 'child-100', 'faults', faults, 0.01),
    ('touch', 'child-1', 'pages copied', copied, 1.1),
    ('quota', 'child-100', 'pages copied', copied, 1.0),
    ('tables', 'child-10', 'pages copied', copied, 1.0),
    ('tables', 'child-reads', 'longest pause', lambda row: row['pause'], 0.1),
)


# Fork of so many pages, above a fork of none, at most so much of cow's.
FORK_CLAIM = ('tables', 16384, 0.02)


def broken_fork_claim(build, kernel, policies):
    policy, size, limit = FORK_CLAIM
    if not {policy, 'cow'} <= set(policies):
        return []
    cost = {name: benchmark.measure(build, kernel, 'fork', size, name).median -
            benchmark.measure(build, kernel, 'fork', 0, name).median for name in (policy, 'cow')}
    print(f'\nfork of {size} pages above a fork of none: {policy} {cost[policy]:,}, '
          f'cow {cost["cow"]:,}')
    return [] if cost[policy] <= limit * cost['cow'] else \
        [f'{policy}: fork of {size} pages: more than {limit} of cow']


def broken_claims(figures):
    """A sentence for each that does not hold, of the policies that were measured."""
    broken = []
    for policy, name, what, cell, limit in CLAIMS:
        if policy in figures and 'cow' in figures:
            ours, plain = cell(figures[policy][name]), cell(figures['cow'][name])
            if ours > plain * limit:
                broken.append(f'{policy}: {name}: {what} {ours}, and at most {limit} of {plain} '
                              'was expected')
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--build', type=Path, default=ROOT / 'build')
    parser.add_argument('--kernel', choices=('pager', 'mono'), default='pager')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('policy', nargs='*')
    arguments = parser.parse_args()
    policies = arguments.policy or known(arguments.build)
    figures = {}
    for policy in policies:
        figures[policy] = measure(arguments.build, arguments.kernel, policy)
        if not figures[policy]:
            print(f'{policy}: FAILED')
            return 1
    for title, cell in TABLES:
        print('\n' + table(title, policies, figures, cell))
    broken = broken_claims(figures) + \
        broken_fork_claim(arguments.build, arguments.kernel, policies)
    of_the_tree = all((README.parent / f'{policy}.c').exists() for policy in policies)
    if not arguments.policy and of_the_tree and arguments.kernel == 'pager':
        broken += stale_readme(policies, figures, arguments.write)
    print('\n'.join(['', *broken]) if broken else '')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
