#!/usr/bin/python3
"""What somebody sees whose machine has nothing yet: few questions to the package tools, and progress.

The tools are stand-ins that note how they were called; nothing is installed or built.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Nothing is installed; apt knows every name; there is no right to become root without a password.
TOOLS = {
    'dpkg-query': 'exit 1',
    'apt-cache': 'shift; for name; do printf "%s:\\n  Candidate: 1\\n" "$name"; done',
    'apt-get': 'exit 0',
    'sudo': 'exit 1',
    'meson': 'mkdir -p "$2"; touch "$2/build.ninja"',
    'ninja': 'case " $* " in *" -n "*) echo "[7/7] Linking";; esac',
}


def run(command, environment):
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False,
                          timeout=60, stdin=subprocess.DEVNULL)


def problems(folder):
    """What is not as it should be."""
    tools, log = folder / 'tools', folder / 'log'
    tools.mkdir()
    for name, script in TOOLS.items():
        path = tools / name
        path.write_text(f'#!/bin/bash\necho {name} >>"{log}"\n{script}\n', encoding='utf-8')
        path.chmod(0o755)
    environment = {**os.environ, 'PATH': f'{tools}:{os.environ["PATH"]}'}
    found = []

    log.write_text('', encoding='utf-8')
    done = run([ROOT / 'test/packages', '--check'], environment)
    calls = log.read_text(encoding='utf-8').split()
    for name in ('dpkg-query', 'apt-cache'):
        if calls.count(name) != 1:
            found.append(f'test/packages asks {name} {calls.count(name)} times, not once')
    if os.geteuid() == 0:
        if done.returncode != 0 or calls.count('apt-get') != 2:
            found.append(f'test/packages does not install as root: {done.stderr}')
    elif done.returncode != 1 or 'apt-get install' not in done.stderr:
        found.append(f'test/packages does not say what is missing: {done.stderr}')
    if 'picolibc-riscv64-unknown-elf' not in done.stderr:
        found.append(f'test/packages does not name the packages: {done.stderr}')

    done = run([ROOT / 'test/compile', folder / 'build', 'holstein.elf'], environment)
    for phase in ('setting up', 'compiling, 7 steps'):
        if phase not in done.stderr:
            found.append(f'test/compile does not say {phase!r}: {done.stderr}')
    if done.returncode != 0 or done.stdout:
        found.append(f'test/compile: status {done.returncode}, output {done.stdout!r}')
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = problems(Path(folder))
    print('\n'.join(f'newcomer: {problem}' for problem in found) or 'newcomer: ok')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
