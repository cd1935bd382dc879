"""What the boundary costs, from the figures of both kernels: rows, and tables as text."""

import measure

# column, title, width, width of its budget
OURS = (('pager', 'pager', 9, 8), ('mono', 'mono', 9, 6), ('difference', 'diff', 9, 5),
        ('ratio', 'ratio', 6, 5))
OTHERS = (('xv6_cow', 'xv6 COW', 12), ('xv6_tuned', 'xv6 tuned', 12), ('xv6_tuned_8', '8 slots', 9),
          ('sel4', 'seL4', 8), ('prototype', 'prototype', 10))


def cost(costs, name, size):
    """What a unit costs: {'pager': , 'mono': , 'difference': , 'ratio': }; None: not measured."""
    pager, mono = (costs.get((kernel, name, size)) for kernel in ('pager', 'mono'))
    both = pager is not None and mono is not None
    return {'pager': pager, 'mono': mono, 'difference': pager - mono if both else None,
            'ratio': pager / mono if both and mono else None}


def show(value, width, decimals=0):
    text = '' if value is None else f'{value:,.{decimals}f}'
    return f'{text:>{width}}'


def decimals(column, size):
    return 2 if column == 'ratio' else 1 if size == 'page' else 0


def label(name, size):
    return f'{name} a page' if size == 'page' else f'{name} {size}' if size else name


def order(costs):
    """Names and sizes in the order of bench, a page's cost after the sizes it comes from."""
    keys = []
    for _, name, size in costs:
        if size != 'page' and (name, size) not in keys:
            keys.append((name, size))
    page = [key[1:] for key in costs if key[2] == 'page'][:1]
    at = max((i for i, key in enumerate(keys) if page and key[0] == page[0][0]), default=-1) + 1
    return keys[:at] + page + keys[at:]


def table(costs):
    """The lines of the table of ours, and whether one of them is over its budget."""
    limits, over = measure.budgets(), False
    lines = [f'{"instructions":<20}' + ''.join(f'{title:>{wide - 1}} {"<=":>{narrow}}'
                                               for _, title, wide, narrow in OURS)]
    for name, size in order(costs):
        line = f'{label(name, size):<20}'
        for column, _, wide, narrow in OURS:
            value = cost(costs, name, size)[column]
            limit = limits.get((name, size), {}).get(column)
            worse = value is not None and limit is not None and value > limit
            over |= worse
            line += show(value, wide - 1, decimals(column, size)) + ('*' if worse else ' ')
            line += show(limit, narrow, decimals(column, size) if column == 'ratio' else 0)
        lines.append(line.rstrip())
    return lines, over


def other_table(costs):
    """The lines of the table of other systems, for the units that were measured here."""
    lines = [f'{"":<20}{"here":>9}' + ''.join(
        f'{title:>{wide}}' for _, title, wide in OTHERS)]
    for (name, size), cells in measure.budgets().items():
        here = costs.get(('pager', name, size))
        if here is not None and any(cells[column] is not None for column, *_ in OTHERS):
            lines.append((f'{label(name, size):<20}{show(here, 9, decimals("", size))}' + ''.join(
                show(cells[column], wide, decimals('', size) if column == 'prototype' else 0)
                for column, _, wide in OTHERS)).rstrip())
    return lines
