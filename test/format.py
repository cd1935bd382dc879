#!/usr/bin/python3
"""Are all C files as clang-format would write them? usage: format.py SOURCE

The files are written as all versions up to NEWEST agree. A newer one that wants something else,
or none that is installed, makes this test skipped.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

NEWEST = 19
SKIPPED = 77

if not shutil.which('clang-format'):
    print('format: skipped: clang-format is not installed (test/packages --check)')
    sys.exit(SKIPPED)
source = Path(sys.argv[1])
files = sorted(path for part in ('kern', 'pager', 'libsys', 'apps', 'test')
               for path in (source / part).rglob('*.[ch]'))
said = subprocess.run(['clang-format', '--version'], capture_output=True, text=True, check=True)
version = int(re.search(r'version (\d+)', said.stdout)[1])
differs = subprocess.run(['clang-format', '--dry-run', '--Werror', *files], check=False).returncode
if differs and version > NEWEST:
    print(f'format: skipped: clang-format {version} is newer than {NEWEST}, and would write lines '
          'otherwise')
    sys.exit(SKIPPED)
print(f'format: {len(files)} files,', 'FAILED' if differs else 'ok', f'by clang-format {version}')
sys.exit(1 if differs else 0)
