"""Where the instructions of a fault go, and a fork step by step."""

from html import escape

import legs
from report import charts, fault, headline, steps, words
from report.tables import Raw, table

TITLES = {'fault_upgrade': 'Upgrade: the last owner stores',
          'fault_copy': 'Copy: the page has another owner'}

def figure(picture, caption, *commands):
    again = ''.join(f'<code class="again">{command}</code>' for command in commands)
    return f'<figure class="card">{picture}<figcaption>{caption}</figcaption>{again}</figure>\n'


def again(name):
    return f'test/profile bench {name}'


def by_name(profiles, name):
    return {kernel: profile for (kernel, which), profile in profiles.items() if which == name}


def faults(profiles):
    """For each fault that is drawn: the answer, the legs, the drawings."""
    parts = ['<p>Grey is the work itself, nearly the same instructions in both kernels. Coloured '
             'is the way to the pager and back; in the kernel that is a call and its return. What '
             'an arrow says is what was spent where it begins, since the arrow before. A copy puts '
             'another frame into an entry that is there, and so has to mark the space for the '
             'other harts: its entry costs a few more.</p>\n']
    for name, title in TITLES.items():
        parts.append(f'<h3>{title}</h3>\n' + one(name, by_name(profiles, name)))
    return ''.join(parts)


def one(name, profiles):
    rows, order = legs.by_leg(*profiles.values()), fault.leg_order(*profiles.values())
    bars = charts.stack([(kernel, {leg: rows[leg][i] for leg in order})
                         for i, kernel in enumerate(profiles)], order, f'{name} by leg')
    pictures = ''
    for kernel, profile in profiles.items():
        where = 'The pager in user space.' if kernel == 'pager' else 'The same pager in the kernel.'
        pictures += figure(
            fault.sequence(profile, kernel == 'mono', f'{name} on {kernel}: who runs when'),
            where, f'test/profile --kernel {kernel} --list bench {name}')
    said = sentence(rows, profiles)
    return (f'<div class="card wide">{bars}<div class="note">{said}</div></div>\n' + leg_table(profiles) + function_table(profiles)
            + f'<code class="again">{again(name)}</code>\n<div class="grid">{pictures}</div>\n')


def signed(value):
    return f'{value:+,}' if value else '0'


def sentence(rows, profiles):
    """Where the difference goes, by its largest parts."""
    if len(profiles) != 2:
        return ''
    total = sum(pager - mono for pager, mono in rows.values())
    parts = [f'{leg} {pager - mono:+,}' for leg, (pager, mono) in rows.items() if pager != mono]
    return f'The {total:,} instructions of the boundary: {", ".join(parts)}.'


def counts_of(counts):
    return [f'{count:,}' for count in counts] + \
        ([signed(counts[0] - counts[1])] if len(counts) == 2 else [])


def heads_of(profiles):
    return [*profiles, *(['difference'] if len(profiles) == 2 else [])]


def leg_table(profiles, in_parts=True):
    """Legs, and the parts of those that differ."""
    parts, lines = legs.by_part(*profiles.values()) if in_parts else {}, []
    for leg, counts in legs.by_leg(*profiles.values()).items():
        lines.append([Raw(f'<i class="key leg {leg}"></i><b>{leg}</b>'), *counts_of(counts),
                      *explained(leg)])
        lines += [[(part, 'part'), *counts_of(numbers), *explained((leg, part))]
                  for (whole, part), numbers in parts.items() if whole == leg and part]
    totals = [len(profile.steps) for profile in profiles.values()]
    lines.append([Raw('<b>all</b>'), *counts_of(totals), '', ''])
    return table(['leg, and its parts' if in_parts else 'leg', *heads_of(profiles),
                  ('in user space',), ('in the kernel',)], lines)


def explained(key):
    return [(text, 'wrap') for text in words.LEGS.get(key, ('', ''))]


def function_table(profiles):
    """The functions that the kernels do not have in common."""
    rows = legs.by_function(*profiles.values())
    lines = [[Raw(f'<code>{function}</code>'), (f'{leg}: {part}' if part else leg, 'word'),
              (words.FUNCTIONS.get(function, ''), 'word'), (file, 'word'), *counts_of(counts)]
             for (leg, part, function, file), counts in rows.items() if len(set(counts)) > 1]
    return ('<details><summary>Each function that differs</summary>\n'
            + table(['function', ('leg: part',), ('what it does',), ('compiled in',),
                     *heads_of(profiles)], lines) + '</details>\n')


def others(profiles):
    """Units without a drawing: by leg, or by file with the system calls that were made."""
    parts = ['<p>First touch takes the way of an upgrade. What changes address spaces, as fork and '
             'exec do, asks the kernel for it: for the pager in user space each time a system '
             'call.</p>\n']
    for name in dict.fromkeys(which for _, which in profiles if which not in TITLES):
        both = by_name(profiles, name)
        content = leg_table(both, name == 'request') if legs.has_legs(name) else \
            file_table(both) + trap_table(both)
        parts.append(f'<h3>{capital(headline.title(name, 0))}</h3>\n{content}'
                     f'<code class="again">{again(name)}</code>\n')
    return ''.join(parts)


def capital(text):
    return escape(text[0].upper() + text[1:])


def file_table(profiles):
    """Files that differ, the most first; what is less than a fiftieth of all is added up."""
    rows = {file: counts for file, counts in legs.by_leg(*profiles.values()).items()
            if len(set(counts)) > 1 or len(counts) < 2}
    totals = [len(profile.steps) for profile in profiles.values()]
    weight = {file: abs(counts[0] - counts[-1]) for file, counts in rows.items()}
    shown = [file for file in sorted(rows, key=lambda file: (-weight[file], file))
             if weight[file] * 50 >= abs(totals[0] - totals[-1])]
    lines = [[file, *counts_of(rows[file]), (words.FILES.get(file, ''), 'wrap')] for file in shown]
    rest = [total - sum(rows[file][i] for file in shown) for i, total in enumerate(totals)]
    lines += [['other files', *counts_of(rest), ('the work itself', 'wrap')],
              [Raw('<b>all</b>'), *counts_of(totals), '']]
    return table(['file', *heads_of(profiles), ('what it does',)], lines)


def trap_table(profiles):
    """How often the kernel was entered, in the first of the profiles."""
    rows = {what: counts[0] for what, counts in legs.by_trap(*profiles.values()).items()}
    calls = {what.removeprefix('pager: '): count for what, count in rows.items()
             if what.startswith('pager: ')}
    said = ', '.join(name if count == 1 else f'{name} × {count:,}' for name, count in calls.items())
    programs = sum(rows.values()) - sum(calls.values())
    return (f'<p class="note">Traps of programs and servers, on both kernels: {programs:,}. System '
            f'calls of the pager in user space: {sum(calls.values()):,} ({said}).</p>\n')


def fork_steps(found):
    """The pictures of one fork."""
    cards = ''.join(f'<figure class="card"><h3>{number}. {step}</h3>{picture}'
                    f'<figcaption>{caption}</figcaption></figure>\n'
                    for number, (step, caption, picture) in enumerate(steps.pictures(found), 1))
    return ('<p>A real run: after each step the program asks the pager what stands at its pages. '
            'Left and right the page-table entries of parent and child with the rights installed; '
            'between them the frames with their counts. Blue: may be stored to. A thick border: '
            'the entry, or the count, was changed in this step.</p>\n'
            f'<div class="grid">{cards}</div>\n'
            '<code class="again">test/boot --run pages</code>\n')
