#!/usr/bin/python3
"""Print the C files of a folder, absolute and sorted, a line each; fails if there is none.

With --kinds each is followed by a tab and 'xv6', if it includes user/user.h, or 'posix'.
"""
import re
import sys
from pathlib import Path

kinds = sys.argv[1] == '--kinds'
folder = Path(sys.argv[-1])
if not folder.is_absolute():
    sys.exit(f'not an absolute path: {folder}')
found = sorted(folder.resolve().glob('*.c'))
if not found:
    sys.exit(f'no *.c in {folder}')
for path in found:
    text = path.read_text(errors='replace')
    kind = 'xv6' if re.search(r'^[ \t]*#[ \t]*include[ \t]*"user/user.h"', text, re.M) else 'posix'
    print(f'{path}\t{kind}' if kinds else path)
