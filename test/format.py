#!/usr/bin/python3
"""Are all C files as clang-format would write them? usage: format.py SOURCE"""

import subprocess
import sys
from pathlib import Path

source = Path(sys.argv[1])
files = sorted(path for part in ('kern', 'pager', 'libsys', 'apps', 'test')
               for path in (source / part).rglob('*.[ch]'))
sys.exit(subprocess.run(['clang-format', '--dry-run', '--Werror', *files], check=False).returncode)
