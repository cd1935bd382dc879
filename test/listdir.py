#!/usr/bin/python3
"""Print the C files of a folder, absolute and sorted, a line each; fails if there is none."""
import sys
from pathlib import Path

found = sorted(Path(sys.argv[1]).resolve().glob('*.c'))
if not found:
    sys.exit(f'no *.c in {sys.argv[1]}')
print('\n'.join(map(str, found)))
