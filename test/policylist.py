#!/usr/bin/python3
"""Print the C table of the policies named, the default first."""
import sys

names = sys.argv[1:]
print('/* Made by the build: the policies that are built in. */')
print('#include <stddef.h>\n#include "policy.h"\n')
for name in names:
    print(f'extern const struct policy policy_{name.replace("-", "_")};')
print('\nconst struct policy *const policy_list[] = {')
for name in names:
    print(f'    &policy_{name.replace("-", "_")},')
print('    NULL,\n};')
