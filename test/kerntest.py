#!/usr/bin/python3
"""Boot kerntest in the pager's place and read what it says. usage: kerntest.py KERNEL ARCHIVE HARTS..."""

import re
import sys

import qemu


def main():
    kernel, archive = sys.argv[1:3]
    for harts in sys.argv[3:]:
        # It stands in the pager's place: there is neither a run: nor an audit: line.
        result = qemu.run(kernel, archive, smp=int(harts), mem='128M', timeout=120)
        total = re.search(r'^kerntest: (\d+) tests, 0 failed$', result.output, re.M)
        ok = len(re.findall(r'^kerntest: \S+ ok$', result.output, re.M))
        if result.status != 0 or not total or ok != int(total[1]):
            print(result.output)
            print(f'kerntest: FAILED on {harts} harts, status {result.status}')
            return 1
        print(f'kerntest: {ok} ok on {harts} harts')
    return 0


if __name__ == '__main__':
    sys.exit(main())
