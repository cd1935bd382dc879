#!/usr/bin/python3
"""The laws that a look at sources and objects can check. Prints a line a check.

usage: structure.py [--source DIR] [--build DIR] [--library FILE]... [CHECK]...
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

TOOLS = 'riscv64-unknown-elf-'
PARTS = ('kern', 'pager', 'libsys', 'apps')
TOP = {'kern', 'pager', 'libsys', 'apps', 'test', 'findings', 'meson.build',
       'meson_options.txt', 'cross-riscv64.ini', 'README.md', 'LICENSE', '.ci', '.clang-format',
       '.clang-tidy', '.gitignore'}
KERNEL = ('kern', 'libsys/freestanding')  # the folders of what runs with its rights
BASELINE = {'up_kernel.c', 'port_kernel.c', 'port_kernel.h'}  # joins the pager's core to the kernel
KERNEL_LIBRARIES = ('kern/libkern.a', 'kern/libfast_send.a', 'kern/libfast_reply.a', 'kern/libupcall.a',
                    'libsys/freestanding/libfreestanding.a')
PAGER_LIBRARIES = ('pager/libpagercore.a', 'pager/libpolicy.a', 'pager/libbaseline.a')
LIBRARIES = (*KERNEL_LIBRARIES, 'pager/libpagercore.a')
POLICY_WORDS = ('refs', 'refcount', 'cow', 'fork', 'exec', 'process', 'policy')
# Boot code that runs before any user memory exists, and only clears.
SSTATUS_WRITERS = {'hart_translate'}
CORE_NEEDS = (r'port_\w+', r'mem(cpy|set|cmp|move)', r'(copy|zero)_frame', r'archive_(next|find)',
              r'elf_(read|error_text)', r'policy_list')
FREESTANDING = {'stdint.h', 'stdbool.h', 'stddef.h', 'stdarg.h', 'stdalign.h', 'stdnoreturn.h',
                'stdatomic.h'}
FUNCTION_LINES = 60
# Lines of code of what runs with the kernel's rights: they may only fall, or a commit says for what.
KERNEL_CODE_LINES, ASSEMBLY_CODE_LINES = 4440, 300
COUNTED, NOT_CODE = ('.c', '.h', '.S'), ('README.md', 'meson.build', 'kernel.ld')
STACK_BYTES = 512
# Run once, on the boot stack of 8 KiB.
BOOT_STACK_BYTES = {'boot_start_pager': 1024, 'dt_read': 2560}
# In two halves, so that this file does not find itself.
UNFINISHED = tuple(a + b for a, b in (('TO', 'DO'), ('FIX', 'ME'), ('X', 'XX'), ('HA', 'CK')))


class Missing(Exception):
    """A check can't be made: what it looks at is not there."""


def tool(name, *arguments):
    try:
        return subprocess.run([TOOLS + name, *map(str, arguments)], capture_output=True, text=True,
                              check=True).stdout
    except FileNotFoundError as error:
        raise Missing(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise Missing(f'{name}: {error.stderr.strip()}') from error


def existing(path):
    if not path.exists():
        raise Missing(f'no {path}')
    return path


def sources(folder, *suffixes):
    """All files below a folder that end so; at least one."""
    found = sorted(path for path in folder.rglob('*') if path.suffix in suffixes)
    if not found:
        raise Missing(f'no {" ".join(suffixes)} in {folder}')
    return found


def code(path):
    """A file without its comments; lines keep their numbers, literals stay."""
    literal = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''
    comment = r'//[^\n]*|/\*.*?\*/'
    if path.suffix == '.S':  # there # begins a comment too, unless it is the preprocessor's
        literal += r'|^[ \t]*#[ \t]*(?:include|define|undef|if|ifn?def|elif|else|endif|error)\b'
        comment += r'|#[^\n]*'
    return re.sub(f'({literal})|{comment}',
                  lambda match: match[1] or ' ' + '\n' * match[0].count('\n'),
                  path.read_text(), flags=re.S | re.M)


def tracked(source):
    """The files under version control, or without git those that .gitignore would let in."""
    try:
        listing = subprocess.run(['git', '-C', source, 'ls-files', '-z'], capture_output=True,
                                 text=True, check=False)
        names = [name for name in listing.stdout.split('\0') if name]
        if listing.returncode == 0 and names:
            return [source / name for name in names if (source / name).is_file()]
    except FileNotFoundError:
        pass
    ignored = re.compile(r'(^|/)(\.git|build(-[^/]*)?|__pycache__)/')
    return [path for path in sorted(source.rglob('*'))
            if path.is_file() and not ignored.search(str(path.relative_to(source)))]


def symbols(library):
    """{object: (names it defines for others, names it needs)} of a static library."""
    objects = defaultdict(lambda: (set(), set()))
    for line in tool('nm', '-P', '-A', existing(library)).splitlines():
        match = re.fullmatch(r'.*\[(.*)\]: (\S+) (\S).*', line)
        if not match:
            continue
        name = re.sub(r'\.o(bj)?$', '', os.path.basename(match[1]))
        defines, needs = objects[f'{library.stem}:{name}']
        if match[3] in 'Uwv':
            needs.add(match[2])
        elif match[3].isupper():
            defines.add(match[2])
    if not objects:
        raise Missing(f'no symbols in {library}')
    return objects


def find_cycle(graph):
    """A list of nodes that leads back to its first one, or None."""
    done = set()

    def visit(node, path):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return None
        for after in sorted(graph.get(node, ())):
            cycle = visit(after, path + [node])
            if cycle:
                return cycle
        done.add(node)
        return None

    return next(filter(None, (visit(node, []) for node in sorted(graph))), None)


def includes(path):
    """The #include lines of a file, as pairs of the opening mark and the name."""
    return re.findall(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', code(path), re.M)


def resolve(path, name, source):
    """The file of this tree that `#include "name"` in `path` means, or None."""
    folders = [path.parent, source, *(source / part for part in PARTS)]
    return next((candidate for folder in folders
                 if (candidate := (folder / name).resolve()).is_file()), None)


def functions(text):
    """Name and length in lines of each function, signature included; for clang-formatted code."""
    lines = text.splitlines()
    head = 0  # where the declaration at hand begins
    begin = None
    for number, line in enumerate(lines):
        if begin is None and (line == '{' or re.match(r'[A-Za-z_].*\)\s*\{$', line)):
            begin = number
        elif begin is not None and line.startswith('}'):
            signature = re.sub(r'__attribute__\s*\(\(.*?\)\)', '', ' '.join(lines[head:begin + 1]))
            name = re.search(r'(\w+)\s*\(', signature)
            yield (name[1] if name else f'line {begin + 1}'), number - head + 1
            begin, head = None, number + 1
        elif begin is None and (not line.strip() or line[0] in '#}' or line.rstrip().endswith(';')):
            head = number + 1


# Each check returns a list of violations.

def check_words(source, build, _):
    """L1: no policy in the kernel, neither in its code, in parts of its names too, nor in its symbols."""
    pattern = re.compile(r'(?<![a-z])(' + '|'.join(POLICY_WORDS) + r')(?![a-z])', re.I)
    bad = [f'{path.relative_to(source)}:{number}: {match[1]}'
           for folder in KERNEL for path in sources(source / folder, '.c', '.h', '.S')
           for number, line in enumerate(code(path).splitlines(), start=1)
           for match in pattern.finditer(line.replace('ET_EXEC', ''))]  # a name of ELF's
    for line in tool('nm', '-P', existing(build / 'holstein.elf')).splitlines():
        symbol = line.split()[0]
        if set(re.split(r'[_.$]', symbol.lower())) & set(POLICY_WORDS):
            bad.append(f'symbol {symbol}')
    return bad


def check_sum(source, build, _):
    """L2: nothing in the kernel can set sstatus.SUM."""
    bad = [f'{path.relative_to(source)}:{number}: {match[0]}'
           for folder in KERNEL for path in sources(source / folder, '.c', '.h', '.S')
           for number, line in enumerate(code(path).splitlines(), start=1)
           for match in re.finditer(r'\b(\w*_)?SUM(_\w*)?\b', line)]
    function, seen = '', 0
    elf = existing(build / 'holstein.elf')
    for line in tool('objdump', '-d', '-M', 'no-aliases', elf).splitlines():
        if match := re.fullmatch(r'[0-9a-f]+ <(.*)>:', line):
            function = match[1]
        elif match := re.search(r'\s(csrr[wsc]i?)\s+(\w+),sstatus,(\w+)', line):
            seen += 1
            op, _, operand = match.groups()
            reads_or_clears = op.startswith('csrrc') or (op[4] == 's' and operand in ('zero', '0'))
            if not reads_or_clears and function not in SSTATUS_WRITERS:
                bad.append(f'{function}: {" ".join(match[0].split())}')
    if not seen:
        raise Missing('no access to sstatus in the disassembly: is it one?')
    return bad


def check_circles(source, build, libraries):
    """Layers call down: no circle of calls between objects, none of includes between files."""
    objects = {}
    if libraries:
        present = libraries
    else:
        present = [build / name for name in LIBRARIES
                   if name in (LIBRARIES[0], LIBRARIES[-1]) or (build / name).exists()]
    for library in present:
        objects.update(symbols(library))
    owners = defaultdict(set)
    for name, (defines, _) in objects.items():
        for symbol in defines:
            owners[symbol].add(name)
    calls = {name: {owner for symbol in needs for owner in owners[symbol]} - {name}
             for name, (_, needs) in objects.items()}
    files = [path.resolve() for part in (*KERNEL, 'pager')
             for path in sources(source / part, '.c', '.h', '.S')]
    include_graph = {str(path.relative_to(source.resolve())): {
        str(target.relative_to(source.resolve()))
        for mark, name in includes(path)
        if mark == '"' and (target := resolve(path, name, source)) in files} for path in files}
    bad = []
    for kind, graph in (('calls', calls), ('includes', include_graph)):
        if cycle := find_cycle(graph):
            bad.append(f'{kind}: ' + ' -> '.join(cycle))
    return bad


def check_functions(source, *_):
    """No function is longer than a screen."""
    found = [(path.relative_to(source), name, length) for part in PARTS
             for path in sources(source / part, '.c', '.h')
             for name, length in functions(code(path))]
    if not found:
        raise Missing('no functions')
    return [f'{path}: {name} has {length} lines' for path, name, length in found
            if length > FUNCTION_LINES]


def check_core(_, build, __):
    """L7: the pager core needs a handful of functions from below, and nothing else."""
    objects = symbols(build / 'pager/libpagercore.a').values()
    defined = set().union(*(defines for defines, _ in objects))
    needed = set().union(*(needs for _, needs in objects)) - defined
    return [f'needs {name}' for name in sorted(needed)
            if not any(re.fullmatch(pattern, name) for pattern in CORE_NEEDS)]


def linked(image_map, build):
    """{object file: (its hash, its sections' sizes in the image)}, by the linker's map."""
    sizes = defaultdict(list)
    text = existing(image_map).read_text()
    section = r'^ \.(?:text|data|bss)\S*\s+0x[0-9a-f]+\s+(0x[0-9a-f]+)\s+(\S+\.o)\)?$'
    for match in re.finditer(section, text, re.M):
        sizes[match[2]].append(match[1])
    return {name: (hashlib.sha256((build / name).read_bytes()).hexdigest(), tuple(size))
            for name, size in sizes.items()}


def check_images(_, build, __):
    """The two kernels differ by the way up alone: the same objects, and no pager in holstein.elf."""
    user, mono = (linked(build / name, build) for name in ('holstein.map', 'holstein-mono.map'))
    ways_up = {True: 'kern/libupcall.a.p/', False: 'pager/'}
    if not any(name.startswith(ways_up[True]) for name in user):
        raise Missing('the map does not name objects as expected')
    kernel = [{item for item in image.items() if not item[0].startswith(own)}
              for image, own in ((user, ways_up[True]), (mono, ways_up[False]))]
    bad = [f'{name}: not the same in both images'
           for name in sorted({name for name, _ in kernel[0] ^ kernel[1]})
           if not name.startswith('holstein-mono.elf.p/')]  # the generated table of policies
    core, own = (set().union(*(names for library in libraries
                               for names, _ in symbols(build / library).values()))
                 for libraries in (PAGER_LIBRARIES, KERNEL_LIBRARIES))
    bad += [f'symbol {name} of the pager is in holstein.elf'
            for line in tool('nm', '-P', build / 'holstein.elf').splitlines()
            if (name := line.split()[0]) in core - own - {'fault_entry', 'call_entry'}]  # see meson.build
    return bad


def check_policies(_, build, __):
    """L8: policies call nobody and keep nothing."""
    library = existing(build / 'pager/libpolicy.a')
    bad = [f'{name} needs {symbol}' for name, (_, needs) in symbols(library).items()
           for symbol in sorted(needs)]
    member = ''
    for line in tool('size', '-A', library).splitlines():
        if match := re.match(r'(\S+) .*:$', line):
            member = os.path.basename(match[1])
        elif match := re.match(r'(\.[st]?(?:data|bss)(?:\.\S+)?|COMMON)\s+([1-9]\d*)\s', line):
            bad.append(f'{member}: {match[2]} bytes in {match[1]}')
    return bad


def check_stack(_, build, __):
    """Kernel stacks are small and known (where gcc -fstack-usage has left its notes)."""
    bad = []
    for notes in sorted(build.rglob('*.su')):
        for line in notes.read_text().splitlines():
            place, size, kind = line.split('\t')
            file, _, _, function = place.rsplit(':', 3)
            if not {'kern', 'freestanding'} & set(Path(file).parts) or 'test' in Path(file).parts:
                continue
            limit = BOOT_STACK_BYTES.get(function, STACK_BYTES)
            if Path(file).name.startswith('fast_'):
                limit = 0
            if int(size) > limit:
                bad.append(f'{file}: {function} uses {size} bytes of stack, not at most {limit}')
            if 'dynamic' in kind:
                bad.append(f'{file}: {function} uses an unknown amount of stack')
    return bad


def check_head(_, build, __):
    """The flat images begin with the head that boot loaders look for, and it names the memory they take."""
    bad = []
    for image in ('holstein', 'holstein-mono'):
        data = existing(build / f'{image}.image').read_bytes()
        symbols_of = dict(reversed(line.split()[::2]) for line in
                          tool('nm', build / f'{image}.elf').splitlines())
        nbytes = int(symbols_of['image_end'], 16) - int(symbols_of['image_start'], 16)
        if data[48:60] != b'RISCV\0\0\0RSC\5' or int.from_bytes(data[16:24], 'little') != nbytes:
            bad.append(f'{image}.image: {data[:64].hex()}')
    return bad


def check_top(source, *_):
    """The top level holds what the design lists."""
    names = {path.relative_to(source).parts[0] for path in tracked(source)}
    return [f'{name} does not belong there' for name in sorted(names - TOP)]


def code_lines(folders, *suffixes):
    return sum(bool(line.strip()) for folder in folders for path in sources(folder, *suffixes)
               for line in code(path).splitlines())


def check_size(source, *_):
    """What runs with the kernel's rights can be read in a sitting: lines of code, readers and headers with
    them, comments and blank lines not; assembly. Nothing stands where it is not counted."""
    counts = [('lines of code', code_lines([source / part for part in KERNEL], '.c', '.h', '.S'),
               KERNEL_CODE_LINES),
              ('lines of assembly', code_lines([source / 'kern'], '.S'), ASSEMBLY_CODE_LINES)]
    return [f'{n} {kind} in {" and ".join(KERNEL)}, not at most {limit}'
            for kind, n, limit in counts if n > limit] + [
        f'{path.relative_to(source)} is counted nowhere' for path in tracked(source / 'kern')
        if path.suffix not in COUNTED and path.name not in NOT_CODE] + [
        f'{path.relative_to(source)}: two instructions in a line: {line.strip()}'
        for path in sources(source / 'kern', '.S') for line in code(path).splitlines() if ';' in line]


def check_text(source, *_):
    """No marks of unfinished work."""
    pattern = re.compile(r'\b(' + '|'.join(UNFINISHED) + r')\b')
    return [f'{path.relative_to(source)}:{number}: {match[1]}' for path in tracked(source)
            if 'corpus' not in path.parts
            for number, line in enumerate(path.read_text(errors='replace').splitlines(), start=1)
            for match in pattern.finditer(line)]


def check_includes(source, *_):
    """kern/ stands on the compiler alone, and only the baseline on kern/; a policy on one header."""
    kernel = {(source / folder).resolve() for folder in KERNEL}
    bad = []
    for path in (path for folder in kernel for path in sources(folder, '.c', '.h', '.S')):
        for mark, name in includes(path):
            target = None if mark == '<' else resolve(path, name, source)
            if name not in FREESTANDING if mark == '<' else not (target and target.parent in kernel):
                bad.append(f'{path.relative_to(source.resolve())} includes {name}')
    for path in (path for part in ('pager', 'libsys', 'apps')
                 for path in sources(source / part, '.c', '.h', '.S') if path.name not in BASELINE):
        bad += [f'{path.relative_to(source)} includes {name}' for mark, name in includes(path)
                if mark == '"' and (target := resolve(path, name, source))
                and target.parent.name == 'kern']
    for path in sources(source / 'pager/policy', '.c'):
        if len(names := includes(path)) != 1:
            bad.append(f'{path.relative_to(source)} includes {len(names)} headers, not one')
    return bad


CHECKS = {name.removeprefix('check_'): function for name, function in list(globals().items())
          if name.startswith('check_')}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--source', type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument('--build', type=Path, help='(SOURCE/build)')
    parser.add_argument('--library', dest='objects', type=Path, action='append', default=[],
                        help='a static library to look for circles in, instead of '
                        + ', '.join(LIBRARIES))
    parser.add_argument('checks', nargs='*', metavar='CHECK', help=' '.join(CHECKS))
    arguments = parser.parse_args()
    if unknown := set(arguments.checks) - set(CHECKS):
        parser.error('no such check: ' + ' '.join(sorted(unknown)))
    build = arguments.build or arguments.source / 'build'

    failed = False
    for name in arguments.checks or CHECKS:
        try:
            bad = CHECKS[name](arguments.source, build, arguments.objects)
        except Missing as missing:
            bad = [str(missing)]
        failed |= bool(bad)
        print(f'structure: {name} FAILED {len(bad)} found' if bad else f'structure: {name} ok')
        for violation in bad:
            print(f'    {violation}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
