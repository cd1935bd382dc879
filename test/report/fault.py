"""One fault, drawn from the emulator's log: who runs when, and for how many instructions."""

from itertools import groupby

import legs
from report import svg

LANES = ('program', 'kernel', 'pager')
X = {'program': 48, 'kernel': 176, 'pager': 304}
BOX, ROW, GAP, TOP = 96, 15, 46, 46
# What an arrow says, by where it comes from and where it leads; in the baseline it is a call.
ARROWS = {('program', 'kernel'): 'the store traps', ('kernel', 'program'): 'the store again',
          ('kernel', 'pager'): 'message', ('pager', 'kernel'): 'answer, with a map item'}
CALLS = {**ARROWS, ('kernel', 'pager'): 'call', ('pager', 'kernel'): 'return'}


def lane(step):
    """Whose instruction it is. In the baseline the pager's files are part of the kernel's image."""
    if step.image not in ('kernel', 'pager'):
        return 'program'
    return 'pager' if step.image == 'pager' or step.file.startswith('pager/') else 'kernel'


def visits(profile):
    """[(lane, {leg: instructions})] in order of time."""
    found = []
    for who, steps in groupby(zip(profile.steps, profile.legs), key=lambda pair: lane(pair[0])):
        counts = {}
        for _, leg in steps:
            counts[leg] = counts.get(leg, 0) + 1
        found.append((who, counts))
    return found


def sequence(profile, in_kernel, label):
    """The drawing: time runs down; a box is a visit with its legs, the arrow that leaves it says
    how many instructions it took."""
    names = CALLS if in_kernel else ARROWS
    parts, y = [], TOP
    for i, (who, counts) in enumerate(found := visits(profile)):
        height = ROW * len(counts) + 9 if who != 'program' else 20
        parts.append(svg.rect(X[who] - BOX / 2, y, BOX, height, f'box {who}'))
        lines = [f'{leg} {count:,}' for leg, count in counts.items()] if who != 'program' else \
            ['store' if i == 0 else 'goes on']
        parts += [svg.text(X[who], y + 14 + ROW * j, line, 'small', 'middle')
                  for j, line in enumerate(lines)]
        y += height
        if i + 1 < len(found):
            parts.append(move(names, who, found[i + 1][0], sum(counts.values()), y + GAP - 7))
            y += GAP
    lifelines = [svg.line(X[who], TOP - 12, X[who], y, 'life') for who in LANES]
    heads = [svg.text(X[who], 12, 'pager core' if in_kernel and who == 'pager' else who,
                      'strong', 'middle') for who in LANES]
    if in_kernel:
        heads.append(svg.text(X['pager'], 27, 'in the kernel', 'small muted', 'middle'))
    total = svg.text(svg.WIDTH / 2, y + 26, f'{len(profile.steps):,} instructions', 'strong',
                     'middle')
    return svg.picture(''.join(lifelines + heads + parts) + total, y + 34, label)


def move(names, who, to, count, y):
    step = 1 if X[to] > X[who] else -1
    middle = (X[who] + X[to]) / 2
    what = names.get((who, to), '')
    return svg.arrow(X[who], X[to] - 2 * step, y) + \
        svg.text(middle, y - 18, what, 'tiny halo', 'middle') + \
        svg.text(middle, y - 5, f'{count:,} instructions' if count != 1 else '1 instruction',
                 'tiny halo muted', 'middle')


def leg_order(*profiles):
    """The legs that occur, in the order of a fault's way."""
    return list(legs.by_leg(*profiles))
