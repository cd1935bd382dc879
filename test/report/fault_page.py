"""Where the instructions of a fault go, and a fork step by step."""

import legs
from report import charts, fault, steps
from report.tables import Raw, table

TITLES = {'fault_upgrade': 'Upgrade: the last owner stores',
          'fault_copy': 'Copy: the page has another owner'}
# leg: what it is with the pager in user space; in the kernel.
LEGS = {
    'program': ('the store itself, and the instruction after it', 'the same'),
    'trap': ('registers saved, the cause found', 'the same code'),
    'deliver': ('endpoint and waiting pager found, a token for one answer made, address space '
                'changed, registers cleared, into user mode', 'the core’s lock, and a call'),
    'look-up': ('process, region, page, frame, count: the pager’s own books', 'the same code'),
    'decision': ('is the page the process’s own, and what does the policy say', 'the same code'),
    'copy': ('a frame taken, 4,096 bytes copied, the old owner counted off', 'the same code'),
    'reply': ('a second trap; token, endpoint, right to memory, address and rights checked, '
              'because the kernel does not trust the pager; the entry found and written, one '
              'address fenced; the pager waits again',
              'the entry found and written, one address fenced; no checks: it trusts itself'),
    'resume': ('back to the program’s tables and registers', 'back to the program’s registers'),
    'other': ('not told apart', 'not told apart'),
    'firmware': ('the machine’s firmware', 'the same'),
}


def figure(picture, caption, *commands):
    again = ''.join(f'<code class="again">{command}</code>' for command in commands)
    return f'<figure class="card">{picture}<figcaption>{caption}</figcaption>{again}</figure>\n'


def faults(profiles):
    """For each fault that was profiled: the answer, the legs, the drawings."""
    parts = ['<p>Grey is the work itself, nearly the same instructions in both kernels. Coloured '
             'is the way to the pager and back; in the kernel that is a call and its return. What an '
             'arrow says is what was spent where it begins, since the arrow before; the total has '
             'the instruction after the store too. A copy puts another frame into an entry that is '
             'there, and so has to mark the space for the other harts: its reply costs a few '
             'more.</p>\n']
    profiles = {which: one_reply(profile) for which, profile in profiles.items()}
    for name in dict.fromkeys(name for _, name in profiles):
        both = {kernel: profile for (kernel, which), profile in profiles.items() if which == name}
        parts.append(f'<h3>{TITLES.get(name, name)}</h3>\n' + one(name, both))
    return ''.join(parts)


def one_reply(profile):
    """Answer and entry as one leg: in the kernel one function does both."""
    return profile._replace(legs=['reply' if leg == 'install' else leg for leg in profile.legs])


def one(name, profiles):
    rows, order = legs.by_leg(*profiles.values()), fault.leg_order(*profiles.values())
    bars = charts.stack([(kernel, {leg: rows[leg][i] for leg in order})
                         for i, kernel in enumerate(profiles)], order, f'{name} by leg')
    command = f'test/profile bench {name}'
    pictures = figure(bars, sentence(rows, profiles), command)
    for kernel, profile in profiles.items():
        where = 'The pager in user space.' if kernel == 'pager' else 'The same pager in the kernel.'
        pictures += figure(
            fault.sequence(profile, kernel == 'mono', f'{name} on {kernel}: who runs when'),
            where, f'{command} --kernel {kernel} --list')
    return f'<div class="grid">{pictures}</div>\n' + leg_table(rows, profiles) + \
        function_table(profiles)


def sentence(rows, profiles):
    """Where the difference goes, by its largest parts."""
    if len(profiles) != 2:
        return ''
    total = sum(pager - mono for pager, mono in rows.values())
    parts = [f'{leg} {pager - mono:+,}' for leg, (pager, mono) in rows.items() if pager != mono]
    return f'The {total:,} instructions of the boundary: {", ".join(parts)}.'


def leg_table(rows, profiles):
    both = len(profiles) == 2
    heads = ['leg', *profiles, *(['difference'] if both else []), ('in user space',),
             ('in the kernel',)]
    lines = [[Raw(f'<i class="key leg {leg}"></i>{leg}'), *(f'{count:,}' for count in counts),
              *([f'{counts[0] - counts[1]:+,}' if counts[0] != counts[1] else '0'] if both else []),
              *((text, 'wrap') for text in LEGS.get(leg, ('', '')))]
             for leg, counts in rows.items()]
    totals = [sum(counts[i] for counts in rows.values()) for i in range(len(profiles))]
    lines.append([Raw('<b>all</b>'), *(f'{total:,}' for total in totals),
                  *([f'{totals[0] - totals[1]:+,}'] if both else []), '', ''])
    return table(heads, lines)


def function_table(profiles):
    """The functions that the kernels do not have in common, of legs that differ."""
    if len(profiles) != 2:
        return ''
    lines = [[Raw(f'<i class="key leg {leg}"></i>{leg}'), function, f'{pager:,}', f'{mono:,}',
              f'{pager - mono:+,}']
             for (leg, function), (pager, mono) in legs.by_function(*profiles.values()).items()
             if pager != mono]
    return table(['leg', 'function', *profiles, 'difference'], lines)


def fork_steps(found):
    """The pictures of one fork."""
    cards = ''.join(f'<figure class="card"><h3>{number}. {step}</h3>{picture}'
                    f'<figcaption>{caption}</figcaption></figure>\n'
                    for number, (step, caption, picture) in enumerate(steps.pictures(found), 1))
    return ('<p>A real run: after each step the program asks the pager what stands at its pages. '
            'Left and right the page-table entries of parent and child with the rights installed; '
            'between them the frames with their counts. Blue: may be stored to. A thick border: '
            f'changed in this step.</p>\n<div class="grid">{cards}</div>\n'
            '<code class="again">test/boot --run pages</code>\n')
