"""The first part of the page: what the boundary costs."""

import boundary
import measure
from report import charts, svg
from report.tables import Raw, table, with_budget

TITLES = {('syscall', 0): 'yield, nobody else ready',
          ('request', 0): 'cheapest request to the pager',
          ('ipc', 0): 'call and reply between two spaces',
          ('fault_upgrade', 0): 'upgrade: store to a shared page whose last owner this is',
          ('fault_copy', 0): 'copy: store to a page that another process has too',
          ('fault_zero', 0): 'first touch of an anonymous page',
          ('fork', 0): 'fork of a small program', ('fork', 'page'): 'fork, for each page more',
          ('fork_exit_wait', 0): 'fork, exit and wait',
          ('fork_exec_wait', 0): 'fork, exec, exit and wait',
          ('pipe', 0): 'one byte there and back through pipes'}
FAULTS = ('fault_upgrade', 'fault_copy', 'fault_zero')


def title(name, size):
    if (name, size) in TITLES:
        return TITLES[name, size]
    return f'{TITLES.get((name, 0), name)}, {size:,} pages'


def headline(costs):
    """The answer in a sentence, and a tile an operation."""
    faults = [boundary.cost(costs, name, 0) for name in FAULTS]
    least, most = (f(fault['difference'] for fault in faults) for f in (min, max))
    ratios = [fault['ratio'] for fault in faults]
    lead = (f'A pager in user space costs <b>{least:,} to {most:,} instructions a fault</b> more '
            f'than the same pager in the kernel: {ratios[0]:.2f} times an upgrade, '
            f'{ratios[1]:.2f} times a copy.')
    tiles = ''
    for name, size in boundary.order(costs):
        cell = boundary.cost(costs, name, size)
        if size in (0, 'page') and cell['difference'] is not None:
            tiles += (f'<div class="card tile"><b>{"+" if cell["difference"] > 0 else ""}'
                      f'{charts.show(round(cell["difference"], 1))}</b>× {cell["ratio"]:.2f}'
                      f'<br><span>{title(name, size)}</span></div>\n')
    return f'<p class="lead">{lead}</p>\n<div class="tiles">{tiles}</div>\n'


def figure_table(costs):
    """Ours with their budgets, and other systems', where there are any."""
    limits = measure.budgets()
    heads = ['retired instructions', '<i class="key pager"></i>pager', '<i class="key mono"></i>in '
             'the kernel', 'difference', 'ratio', *(name for _, name, _ in boundary.OTHERS)]
    rows = []
    for name, size in boundary.order(costs):
        if size not in (0, 'page') and (name, size) not in limits:
            continue  # those stand in the table of sizes
        cell, limit = boundary.cost(costs, name, size), limits.get((name, size), {})
        others = [limit.get(column) for column, *_ in boundary.OTHERS]
        rows.append([Raw(title(name, size)), *(with_budget(rounded(cell[column]), limit.get(column))
                                               for column in ('pager', 'mono', 'difference')),
                     with_budget(cell['ratio'], limit.get('ratio'), 2),
                     *(charts.show(other) for other in others)])
    return table(heads, rows)


def rounded(value):
    return value if value is None or isinstance(value, int) else round(value, 1)


def bar_cards(costs):
    """A card for each operation: both kernels from zero on, and the budget as a mark."""
    limits, cards = measure.budgets(), ''
    for name, size in boundary.order(costs):
        if size not in (0, 'page'):
            continue
        rows = [(kernel, rounded(costs[kernel, name, size]), kernel)
                for kernel in ('pager', 'mono') if costs.get((kernel, name, size)) is not None]
        picture = charts.bars(rows, limits.get((name, size), {}).get('pager'), title(name, size))
        formula = f'<figcaption>{page_formula(name)}</figcaption>' if size == 'page' else ''
        commands = ''.join(f'<code class="again">{measure.again(kernel, name, at)}</code>'
                           for kernel, *_ in rows
                           for at in (measure.PAGE_SIZES if size == 'page' else (size,)))
        cards += (f'<figure class="card"><h3>{title(name, size)}</h3>{picture}{formula}{commands}'
                  '</figure>\n')
    return f'<div class="grid">{cards}</div>\n'


def page_formula(name):
    """How the cost of a page more is had from two figures."""
    large, small = measure.PAGE_SIZES
    return f'({name} {large} − {name} {small}) / {large - small:,}'


def readme_picture(costs, style):
    """The bars of the faults and of a request as one picture, for the top-level README."""
    units = [(name, 0) for name in ('request', *FAULTS)]
    longest = max(costs['pager', *unit] for unit in units)
    room, parts = 230, []
    for i, (name, size) in enumerate(units):
        y = 24 + i * 58
        parts.append(svg.text(2, y - 6, title(name, size), 'small'))
        for j, kernel in enumerate(('pager', 'mono')):
            width = room * costs[kernel, name, size] / longest
            parts += [svg.rect(46, y + 18 * j, width, 15, kernel),
                      svg.text(40, y + 12 + 18 * j, kernel, 'tiny muted', 'end'),
                      svg.text(50 + width, y + 12 + 18 * j,
                               f'{costs[kernel, name, size]:,}' +
                               (f' (+{costs["pager", name, size] - costs["mono", name, size]:,})'
                                if kernel == 'pager' else ''), 'tiny')]
    return svg.picture(''.join(parts), 24 + 58 * len(units),
                       'Instructions of four operations, with the pager in user space and in the '
                       'kernel', style) + '\n'
