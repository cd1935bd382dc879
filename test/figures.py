#!/usr/bin/python3
"""README.md's table of figures and its picture, which test/record writes: are they those of
test/record.csv? With --write they are made anew. And what is told by hand: an upgrade's legs there, the
units' figures in test/README.md."""

import re
import sys

import measure
from report import headline

README = measure.ROOT / 'README.md'
TAUGHT = measure.ROOT / 'test/README.md'
RECORD = measure.ROOT / 'test/record.csv'
PICTURE = measure.ROOT / 'test/report/boundary.svg'
STYLE = measure.ROOT / 'test/report/picture.css'
COLUMN = 'gcc 12.2 QEMU 7.2'  # of the record, that the README shows
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


def read_record(column=COLUMN):
    """{(kernel, name, size): instructions} of those that this compiler and emulator have."""
    return {(row['KERNEL'], row['NAME'], int(row['SIZE'])): int(row[column])
            for row in measure.rows(RECORD) if row[column] != ''}


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


def picture(record):
    """The picture's file: it stands alone, with its own colours for light and dark."""
    return headline.readme_picture(record, STYLE.read_text(encoding='utf-8'))


def find(text):
    return re.search(r'(?m)^\| retired instructions .*\n(?:\|.*\n)+', text)


def write_readme():
    text = README.read_text(encoding='utf-8')
    old = find(text)
    README.write_text(text[:old.start()] + table(read_record()) + text[old.end():],
                      encoding='utf-8')
    PICTURE.write_text(picture(read_record()), encoding='utf-8')


def paragraph_is_true(text, record):
    """Does what the README says of an upgrade add up to the record's difference?"""
    said = re.search(r'Where the (\d+) of an upgrade go\b(?:.|\n)*?adds (\d+) to deliver(?:.|\n)*?'
                     r'\b(\d+) to come back(?:.|\n)*?\b(\d+) to resume', text)
    difference = record['pager', 'fault_upgrade', 0] - record['mono', 'fault_upgrade', 0]
    total, *parts = map(int, said.groups()) if said else (None,)
    return total == sum(parts) == difference


def told_otherwise(text, record):
    """Units whose figure in the table of what the profiles taught is not the record's."""
    rows = re.findall(r'(?m)^ *\| *`(\w+)` *\|[^|]*\| *([^|]*?) *\|[^|]*\|$', text)
    return [name for name in sorted({name for _, name, _ in ROWS} | {name for name, _ in rows})
            if [now for other, now in rows if other == name] != [f"{record.get(('pager', name, 0)):,}"]]


def main():
    if sys.argv[1:] == ['--write']:
        write_readme()
    wrong, text, record = [], README.read_text(encoding='utf-8'), read_record()
    if units := told_otherwise(TAUGHT.read_text(encoding='utf-8'), record):
        print('figures: test/README.md: what the profiles taught tells another figure than the record: '
              + ', '.join(units) + ': see test/profile bench NAME')
        return 1
    if find(text)[0] != table(record):
        wrong.append('README.md')
    if not paragraph_is_true(text, record):
        print('figures: README.md: where an upgrade goes does not add up to the record: see '
              'test/profile bench fault_upgrade')
        return 1
    if not PICTURE.exists() or PICTURE.read_text(encoding='utf-8') != picture(record):
        wrong.append(str(PICTURE.relative_to(measure.ROOT)))
    for name in wrong:
        print(f'figures: {name} differs from test/record.csv: test/figures.py --write mends it')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
