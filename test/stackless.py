#!/usr/bin/python3
"""Refuse objects whose code uses a stack: on the fast path sp is still the program's.

usage: stackless.py OBJDUMP STAMP LIBRARY...    the build: writes STAMP if no instruction names sp
       stackless.py --test OBJDUMP CC           does it see one that does?

gcc promises no function without a stack frame, whatever its options; so the code is looked at, each
time it is built.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

INSTRUCTION = re.compile(r'^ *[0-9a-f]+:\t[0-9a-f ]+\t(.*)$')
FUNCTION = re.compile(r'^[0-9a-f]+ <(.+)>:$')
# Of the stack: sp by name, instructions that mean it, and calls, whose callees would use it.
STACK = re.compile(r'\bsp\b|^c\.(addi4spn|addi16sp|\w+sp|jal|jalr)\b|^cm\.|^jalr?\s+(?!zero)')
SAMPLES = (('long look(long *word) { return word[1] + 1; }', False),
           ('long look(long *word) { volatile long kept = word[1]; return kept; }', True),
           ('long other(long); long look(long *word) { return other(word[1]); }', False),
           ('void look(void); __attribute__((naked)) void look(void) { __asm__("jal ra, look"); }',
            True))


def uses(objdump, library):
    """What uses a stack in it, as lines; raises ValueError where there is no code at all."""
    listing = subprocess.run([objdump, '-d', '-M', 'no-aliases', library], capture_output=True,
                             text=True, check=True).stdout
    function, found, ninstructions = '', [], 0
    for line in listing.splitlines():
        if match := FUNCTION.match(line):
            function = match[1]
        elif match := INSTRUCTION.match(line):
            ninstructions += 1
            if STACK.search(match[1]):
                found.append(f'{function}: {" ".join(match[1].split())}')
    if ninstructions == 0:
        raise ValueError(f'no instruction found in {library}')
    return found


def check(objdump, stamp, libraries):
    found = [f'{library}: {use}' for library in libraries for use in uses(objdump, library)]
    if found:
        print('The fast path uses a stack, which is the program\'s (kern/fast_path.h):')
        print('\n'.join(found))
        return 1
    Path(stamp).write_text('no stack\n', encoding='utf-8')
    return 0


def test(objdump, compiler):
    """The samples, compiled: the one with a stack is refused, the other is not."""
    with tempfile.TemporaryDirectory() as folder:
        for source, wanted in SAMPLES:
            path = Path(folder) / 'sample.c'
            path.write_text(source + '\n', encoding='utf-8')
            subprocess.run([*compiler, '-O2', '-march=rv64imac', '-mabi=lp64', '-c', path, '-o',
                            path.with_suffix('.o')], check=True)
            found = uses(objdump, path.with_suffix('.o'))
            if bool(found) != wanted:
                print(f'stackless: {source!r}: found {found}')
                return 1
    print('stackless: ok')
    return 0


if __name__ == '__main__':
    if sys.argv[1] == '--test':
        sys.exit(test(sys.argv[2], sys.argv[3:]))
    sys.exit(check(sys.argv[1], sys.argv[2], sys.argv[3:]))
