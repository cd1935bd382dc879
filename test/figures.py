#!/usr/bin/python3
"""README.md's table of figures, which test/record writes: is it that of test/record.csv?"""

import re
import sys

import measure

README = measure.ROOT / 'README.md'
RECORD = measure.ROOT / 'test/record.csv'
ROWS = (('yield, nobody else ready', 'syscall', 0),
        ('call and answer between two programs', 'ipc', 0),
        ('cheapest request to the pager', 'request', 0),
        ('upgrade: store to a shared page whose last owner this is', 'fault_upgrade', 0),
        ('copy: store to a page that another process has too', 'fault_copy', 0),
        ('first touch of an anonymous page', 'fault_zero', 0),
        ('fork of a small program', 'fork', 0),
        ('fork, for each page more', 'fork', 'page'),
        ('fork, exit and wait', 'fork_exit_wait', 0),
        ('fork, exec, exit and wait', 'fork_exec_wait', 0),
        ('a byte there and back through pipes', 'pipe', 0))


def read_record():
    """{(kernel, name, size): instructions}."""
    return {(row['KERNEL'], row['NAME'], int(row['SIZE'])): int(row['INSTRUCTIONS'])
            for row in measure.rows(RECORD)}


def page_cost(record, kernel):
    return round((record[kernel, 'fork', 4096] - record[kernel, 'fork', 1024]) / 3072, 1)


def table(record):
    """The lines of the table."""
    lines = ['| retired instructions | user-level pager | the same in the kernel | difference |',
             '|---|---:|---:|---:|']
    for title, name, size in ROWS:
        pager, mono = (page_cost(record, kernel) if size == 'page' else record[kernel, name, size]
                       for kernel in ('pager', 'mono'))
        lines.append(f'| {title} | {pager:,} | {mono:,} | {round(pager - mono, 1):,} |')
    return '\n'.join(lines) + '\n'


def find(text):
    return re.search(r'(?m)^\| retired instructions .*\n(?:\|.*\n)+', text)


def write_readme():
    text = README.read_text(encoding='utf-8')
    old = find(text)
    README.write_text(text[:old.start()] + table(read_record()) + text[old.end():],
                      encoding='utf-8')


def main():
    if find(README.read_text(encoding='utf-8'))[0] != table(read_record()):
        print('figures: README.md differs from test/record.csv: test/record --update mends it')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
