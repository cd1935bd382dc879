"""Charts: bars of two kernels, curves on log axes, a bar by legs."""

import math

from report import svg

BAR, LABEL, VALUE = 15, 48, 66  # height of a bar; least room on its left, room on its right
DIGIT, LETTER = 8, 7  # at most so wide


def bars(rows, budget=None, label=''):
    """rows: [(name, value, style)], one below the other from zero on; `budget`: a mark, which no
    value stands on."""
    longest = max([value for _, value, _ in rows] + ([budget] if budget else []))
    left = max(LABEL, 8 + LETTER * max(len(name) for name, *_ in rows))
    room = svg.WIDTH - left - VALUE
    mark = left + room * (budget or 0) / longest
    parts, values = [], []
    for i, (name, value, style) in enumerate(rows):
        y, width = i * (BAR + 5), room * value / longest
        parts += [svg.text(left - 6, y + 12, name, 'small', 'end'),
                  svg.rect(left, y, width, BAR, style)]
        x, text = left + width + 6, show(value)
        if budget and x - 4 < mark < x + DIGIT * len(text):
            x = mark + 6
        values.append(svg.text(x, y + 12, text, 'small strong halo'))
    height = len(rows) * (BAR + 5)
    if budget:
        parts.append(svg.line(mark, -2, mark, height - 3, 'budget'))
    return svg.picture(''.join(parts + values), height, label)


def show(value):
    """A figure as text: thousands apart, one decimal where it is not whole."""
    if value is None:
        return ''
    return f'{value:,}' if isinstance(value, int) else f'{value:,.1f}'


def short(value):
    for limit, unit in ((1e6, 'M'), (1e3, 'k')):
        if value >= limit:
            return f'{value / limit:g}{unit}'
    return f'{value:g}'


class Axis:
    """Maps values to places; logarithmic, with whole decades or the values themselves marked."""

    def __init__(self, values, start, end, marks=None):
        low, high = min(values), max(values)
        self.marks = marks
        if marks is None:
            low, high = 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high))
            self.marks = [10 ** i for i in range(round(math.log10(low)),
                                                 round(math.log10(high)) + 1)]
        self.low, self.high, self.start, self.end = math.log(low), math.log(high), start, end

    def place(self, value):
        share = (math.log(value) - self.low) / ((self.high - self.low) or 1)
        return self.start + share * (self.end - self.start)


def curves(series, names_x, label, height=200):
    """series: [(name, style, [(x, y)])] on log axes. names_x: {x: what the axis says there}.
    Each is named at its end, where ends are not on top of each other."""
    longest = max(len(name) for name, *_ in series)
    left, right, top, bottom = 40, svg.WIDTH - 18 - 6.5 * longest, 10, height - 24
    x_axis = Axis(list(names_x), left + 6, right, list(names_x))
    y_axis = Axis([y for *_, points in series for _, y in points], bottom, top)
    parts = []
    for value in y_axis.marks:
        y = y_axis.place(value)
        parts += [svg.line(left, y, right, y, 'grid'),
                  svg.text(left - 5, y + 4, short(value), 'small muted', 'end')]
    for value, name in names_x.items():
        parts.append(svg.text(x_axis.place(value), bottom + 16, name, 'small muted', 'middle'))
    for name, style, points in series:
        places = [(x_axis.place(x), y_axis.place(y)) for x, y in points]
        parts.append(svg.polyline(places, f'curve {style}'))
        parts += [svg.dot(*place, style, f'{name}: {show(y)}')
                  for place, (_, y) in zip(places, points)]
    parts += end_labels([(name, style, y_axis.place(points[-1][1]))
                         for name, style, points in series], right + 8, top, bottom)
    return svg.picture(''.join(parts), height, label)


def end_labels(items, x, top, bottom):
    """Names beside the curves' ends, moved apart."""
    parts, free = [], top
    ordered = sorted(items, key=lambda item: item[2])
    for i, (name, style, y) in enumerate(ordered):
        y = max(y, free)
        y = min(y, bottom - 14 * (len(ordered) - 1 - i))
        parts.append(svg.text(x, y + 4, name, f'small ink-{style}'))
        free = y + 14
    return parts


def stack(rows, legs, label):
    """rows: [(name, {leg: count})] as bars of one scale whose parts are legs, in order. What is too
    narrow for its count has it as a title."""
    room, longest = svg.WIDTH - LABEL - 44, max(sum(counts.values()) for _, counts in rows)
    parts = []
    for i, (name, counts) in enumerate(rows):
        x, y = LABEL, i * 32
        parts.append(svg.text(LABEL - 6, y + 17, name, 'small', 'end'))
        for leg in legs:
            width = room * counts.get(leg, 0) / longest
            if width:
                parts.append(svg.rect(x, y, width, 26, f'part {leg}',
                                      f'{leg}: {counts[leg]:,}'))
            if width > 9 + 6 * len(f'{counts.get(leg, 0):,}'):
                parts.append(svg.text(x + width / 2, y + 17, f'{counts[leg]:,}', 'small on',
                                      'middle'))
            x += width
        parts.append(svg.text(x + 5, y + 17, show(sum(counts.values())), 'small strong'))
    return svg.picture(''.join(parts), len(rows) * 32, label)

