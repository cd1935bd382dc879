"""Costs against size, processes, sharers, policies, harts; memory; events: the page's parts."""

import boundary
import measure
import scale
from policies import TABLES
from report import charts
from report.fault_page import figure
from report.headline import title
from report.tables import best, table

KERNELS = ('pager', 'mono')
POLICY_AGAIN = 'test/boot --icount --policy POLICY --run workload'

BUCKETS = 'The few instructions more of many are processes in the same bucket, where the pager ' \
    'looks one up by its number.'
SCALING_NOTES = {'alive': f'<p class="note">{BUCKETS}</p>\n',
                 'sharers': f'''<p class="note">From two sharers to three a fork grows once: it has one
more frame to zero for the child’s tables, which with two is there, left clean by a process that
ended. {BUCKETS} Upgrade and copy are an instruction less than above, where the one that loads the
byte to be stored is counted too.</p>
'''}
HARTS_NAMES = {'scale_spin': 'computes, without a fault', 'scale_touch': 'touches pages of its own',
               'scale_copy': 'copies pages that all share', 'scale_fork': 'forks and waits'}


def page_count(n):
    return f'{n // 256} MiB' if n >= 256 else f'{n * 4} KiB'


def sizes(costs):
    """Fork and the lives that it begins, against the pages that were touched, on log axes."""
    cards = ''
    for name in measure.SIZED:
        found = sorted({size for _, unit, size in costs
                        if unit == name and size not in (0, 'page')})
        series = [(kernel, kernel, [(size, costs[kernel, name, size]) for size in found])
                  for kernel in KERNELS if (kernel, name, found[0]) in costs]
        picture = charts.curves(series, {size: page_count(size) for size in found},
                                f'{name} against size')
        cards += figure(picture, f'{title(name, 0)}: instructions against memory touched',
                        *(measure.again(kernel, name) for kernel, *_ in series))
    return ('<p>Both axes are logarithmic. Fork shares a leaf of 512 pages in one system call, so '
            'the boundary vanishes in the pages.</p>\n'
            f'<div class="grid">{cards}</div>\n' + size_table(costs))


def size_table(costs):
    rows = []
    for name, size in boundary.order(costs):
        if name in measure.SIZED and size != 'page':
            cell = boundary.cost(costs, name, size)
            rows.append([title(name, 0), f'{size:,}', *(charts.show(cell[column]) for column in
                                                        ('pager', 'mono', 'difference')),
                         boundary.show(cell['ratio'], 0, 2)])
    return table(['operation', 'pages touched', 'pager', 'in the kernel', 'difference', 'ratio'],
                 rows)


def scaling(points):
    """A table a kernel and kind: flat, or how not."""
    parts = ['<p>Flat is what it should be: no operation scans processes, and none walks the sharers '
             'of a page. The last column is the largest growth from the first number to the last, in '
             'either kernel.</p>\n']
    for kind, what in (('alive', 'other processes alive'), ('sharers', 'processes with the page')):
        counts = list(dict.fromkeys(point.n for point in points if point.kind == kind))
        heads = [f'{what}', *(f'{kernel} {n}' for kernel in KERNELS for n in counts), 'growth']
        rows = []
        for name in scale.names_of(points, kind):
            curves = [dict(scale.curve(points, kernel, kind, name)) for kernel in KERNELS]
            growth = max((curve[counts[-1]] / curve[counts[0]] - 1) for curve in curves if curve)
            rows.append([name, *(charts.show(curve.get(n)) for curve in curves for n in counts),
                         f'{growth:+.1%}'])
        parts.append(table(heads, rows) + SCALING_NOTES[kind] +
                     ''.join(f'<code class="again">{scale.again(kind, kernel)}</code>'
                             for kernel in KERNELS) + '\n')
        parts.append(scale_pictures(points, kind, counts, what))
    return ''.join(parts)


def scale_pictures(points, kind, counts, what):
    styles = ('pager', 's2', 's3', 's4', 's5', 's6')
    cards = ''
    for kernel in KERNELS:
        series = [(name.removesuffix('_shared').removeprefix('fault_'), styles[i % len(styles)],
                   scale.curve(points, kernel, kind, name))
                  for i, name in enumerate(scale.names_of(points, kind))]
        series = [each for each in series if each[2]]
        if series:
            picture = charts.curves(series, {n: str(n) for n in counts},
                                    f'{kernel}: instructions against {what}')
            cards += figure(picture, f'{kernel}: instructions against {what}',
                            scale.again(kind, kernel))
    return f'<div class="grid">{cards}</div>\n'


def kept(points):
    """Bytes a process and a page, and how many processes fit."""
    rows = []
    for kernel in KERNELS:
        found = {(point.name, point.n): point.value for point in points
                 if point.kernel == kernel and point.kind == 'bytes'}
        number = [point.value for point in points if point[:2] == (kernel, 'most')]
        if found and number:
            rows.append([kernel, *(charts.show(found[name, where]) for name in ('process', 'page')
                                   for where in ('kernel', 'pager')), charts.show(number[0])])
    return table(['bytes of book-keeping', 'a process: kernel', 'pager', 'a mapped page: kernel',
                  'pager', f'depth of a chain of forks in {scale.MEMORY} MiB'], rows) + \
        '<p class="note">What a small process takes besides its own pages: space, thread and ' \
        'page tables; the pager’s frame for it, its map’s root and leaves. The table of counts comes ' \
        'on top, one entry for each frame of memory. The depth is what the test <code>chain</code> ' \
        'prints; init and the program that begins the chain come on top.</p>\n' + \
        ''.join(f'<code class="again">{scale.again(kind, kernel)}</code>'
                for kind in ('bytes', 'most') for kernel in KERNELS) + '\n'


def policies(found):
    """A table a figure: workloads down, policies across, the least in bold."""
    names = list(found)
    parts = ['<p>Whole programs under each pager policy, on the user-level pager. The least of '
             'each row is bold.</p>\n']
    for heading, cell in TABLES:
        rows = [[workload, *best([cell(found[name][workload]) for name in names])]
                for workload in found[names[0]]]
        parts.append(f'<h3>{heading[0].upper()}{heading[1:]}</h3>\n'
                     + table(['workload', *names], rows))
    parts.append(f'<div class="grid">{policy_pictures(found)}</div>\n')
    return ''.join(parts) + '<p class="note">The workloads run one after the other in one ' \
        'boot. One that is named runs alone, and may find other frames clean: so its figures ' \
        'differ a little.</p>\n<code class="again">test/policies.py</code>' \
        f'<code class="again">{POLICY_AGAIN}</code>\n'


def policy_pictures(found):
    """Instructions of each workload as bars."""
    cards = ''
    for workload in next(iter(found.values())):
        rows = [(name.removeprefix('cow-'), round(row[workload]['instructions'] / 1000), 'pager')
                for name, row in found.items()]
        picture = charts.bars(rows, label=f'{workload}: thousand instructions by policy')
        cards += figure(picture, f'<b>{workload}</b>: thousand instructions',
                        f'{POLICY_AGAIN} | grep ,{workload},')
    return cards


def harts(figures):
    """What test/scaling measured: rates of several workers, beside that of one."""
    kernels = list(dict.fromkeys(f.kernel for f in figures))
    found = {(f.name, f.size, f.kernel): f for f in figures}
    rows = []
    for name, size in dict.fromkeys((f.name, f.size) for f in figures):
        cells = [found.get((name, size, kernel)) for kernel in kernels]
        rows.append([HARTS_NAMES.get(name, name), str(size),
                     *(f'{f.median / 1000:.2f} ({f.min / 1000:.2f} to {f.max / 1000:.2f})' if f
                       else '' for f in cells)])
    return '<p>What several workers get done on as many harts in the time in which one gets 1 ' \
        'done; the median of some boots, the least and the most.</p>\n' + \
        table(['each of them', 'harts', *kernels], rows) + \
        '<p class="note">Wall-clock ratios within one run: the only figures here that differ from ' \
        'run to run. The first row is the host’s own: on a busy one no other can be higher.</p>\n' \
        '<code class="again">test/scaling</code>\n'


def events(compared):
    """How often what happened in the trace."""
    rows = [[name, str(seen), str(said)] for name, (seen, said) in compared.items()]
    return ('<p>What a run of the program <code>events</code> on two harts did: forks, execs, '
            'exits, kills, deaths for lack of memory, replaced verdicts, shootdowns, each request '
            'and each fault with what came of it, from the emulator’s log. '
            '<a href="trace.json">trace.json</a> beside this page opens in Perfetto '
            '(<code>ui.perfetto.dev</code>, “Open trace file”) or in <code>chrome://tracing</code>.'
            '</p>\n') + table(['event', 'in the trace', 'counted by the program'], rows) \
        + '<code class="again">test/events</code>\n'
