"""One fork with three pages and two stores, drawn step by step from what `pages` printed."""

import re
from typing import NamedTuple

from report import svg

CAPTIONS = {
    'start': 'Three pages, stored to: one owner each, writable.',
    'fork': 'Fork: the child maps the same frames. Counts rise to 2, and both lose the right to '
            'store, in the same system call.',
    'copy': 'The child stores to page 0. Two owners: copy. The child gets a frame of its own; the '
            'old one’s count falls to 1, but nobody touches the parent’s entry.',
    'upgrade': 'The parent stores to page 0. It is the last owner: upgrade, no copy.',
    'exit': 'The child is gone. Counts are 1 again; rights are not: the next store to page 1 or 2 '
            'will be an upgrade.'}
ROW, PAGE_WIDTH = 30, 78


class Page(NamedTuple):
    """A line that `pages` printed."""
    step: str
    process: str
    page: int
    frame: int
    owners: int
    region: str
    installed: str


def read(output):
    """{step: [Page]} in the order of the run."""
    found = {}
    for fields in re.findall(r'(?m)^pages,(\w+),(\w+),(\d+),(\d+),(\d+),(\S+),(\S+)$', output):
        page = Page(*(int(field) if field.isdigit() else field for field in fields))
        found.setdefault(page.step, []).append(page)
    return found


def letters(steps):
    """{frame: a letter}, in order of appearance: the numbers differ with the machine's memory."""
    frames = dict.fromkeys(page.frame for pages in steps.values() for page in pages)
    return dict(zip(frames, 'ABCDEFGHIJ'))


def changed(pages, before):
    """({(process, page)}: another frame or other rights, {frame}: another count). The first step
    has changed nothing."""
    if not before:
        return set(), set()
    entries = {(page.process, page.page): (page.frame, page.installed) for page in before}
    counts = {page.frame: page.owners for page in before}
    return ({(page.process, page.page) for page in pages
             if entries.get((page.process, page.page)) != (page.frame, page.installed)},
            {page.frame for page in pages if counts.get(page.frame) != page.owners})


def draw(step, pages, letter, before):
    """The maps of parent and child on the two sides, frames with their counts between them. What
    differs from the step before is marked."""
    new_entries, new_counts = changed(pages, before)
    frames = {page.frame: page for page in pages}
    ys = {frame: 34 + ROW * i for i, frame in enumerate(
        sorted(frames, key=lambda frame: letter[frame]))}
    parts = [svg.text(PAGE_WIDTH / 2, 14, 'parent', 'strong', 'middle'),
             svg.text(svg.WIDTH / 2, 14, 'frames, owners', 'strong', 'middle')]
    if any(page.process == 'child' for page in pages):
        parts.append(svg.text(svg.WIDTH - PAGE_WIDTH / 2, 14, 'child', 'strong', 'middle'))
    for page in pages:
        parts.append(entry(page, ys[page.frame], (page.process, page.page) in new_entries))
    for frame, y in ys.items():
        page, style = frames[frame], 'box frame changed' if frame in new_counts else 'box frame'
        parts += [svg.rect(svg.WIDTH / 2 - 40, y, 80, 22, style),
                  svg.text(svg.WIDTH / 2, y + 15, f'{letter[frame]}  ×{page.owners}', 'strong',
                           'middle')]
    return svg.picture(''.join(parts), 40 + ROW * max(len(ys), 3), f'{step}: maps and counts')


def entry(page, frame_y, changed):
    left = page.process == 'parent'
    x, y = (0 if left else svg.WIDTH - PAGE_WIDTH), 34 + ROW * page.page
    near, far = (PAGE_WIDTH, svg.WIDTH / 2 - 40) if left else (x, svg.WIDTH / 2 + 40)
    style = 'writable' if 'w' in page.installed else 'readonly'
    return svg.line(near, y + 11, far, frame_y + 11, f'link {style}') + \
        svg.rect(x + 1, y, PAGE_WIDTH - 2, 22, f'box {style}' + (' changed' if changed else '')) + \
        svg.text(x + PAGE_WIDTH / 2, y + 15, f'{page.page}: {page.installed}', 'small', 'middle')


def pictures(steps):
    """[(step, caption, picture)]."""
    letter, found, before = letters(steps), [], []
    for step, pages in steps.items():
        found.append((step, CAPTIONS.get(step, ''), draw(step, pages, letter, before)))
        before = pages
    return found
