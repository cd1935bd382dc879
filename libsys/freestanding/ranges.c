/* Sorted sets of physical ranges. */
#include "ranges.h"

/* Puts `with` (n of them) where the ranges from `at` up to `next` stood. */
static bool replace(struct ranges *set, uint32_t at, uint32_t next, const struct dt_range *with,
                    uint32_t n)
{
    uint32_t nbehind = set->n - next;
    if (at + n + nbehind > RANGES_MAX)
        return false;
    struct dt_range *from = &set->range[next], *to = &set->range[at + n];
    for (uint32_t i = 0; i < nbehind; i++) {
        uint32_t k = to < from ? i : nbehind - 1 - i;
        to[k] = from[k];
    }
    for (uint32_t i = 0; i < n; i++)
        set->range[at + i] = with[i];
    set->n = at + n + nbehind;
    return true;
}

bool ranges_add(struct ranges *set, struct dt_range range)
{
    uint32_t at = 0, next;
    uint64_t end = range_end(&range);
    if (range.nbytes == 0)
        return true;
    while (at < set->n && range_end(&set->range[at]) < range.base)
        at++;
    for (next = at; next < set->n && set->range[next].base <= end; next++) {
        const struct dt_range *met = &set->range[next];
        uint64_t last = range_end(met);
        range.base = met->base < range.base ? met->base : range.base;
        end = last > end ? last : end;
    }
    range.nbytes = end - range.base;
    return replace(set, at, next, &range, 1);
}

bool ranges_remove(struct ranges *set, struct dt_range range)
{
    uint32_t at = 0, next, n = 0;
    uint64_t end = range_end(&range);
    struct dt_range left[2];
    while (at < set->n && range_end(&set->range[at]) <= range.base)
        at++;
    for (next = at; next < set->n && set->range[next].base < end; next++) {
        const struct dt_range *met = &set->range[next];
        if (met->base < range.base)
            left[n++] = (struct dt_range){met->base, range.base - met->base};
        if (range_end(met) > end)
            left[n++] = (struct dt_range){end, range_end(met) - end};
    }
    return range.nbytes == 0 || replace(set, at, next, left, n);
}

const struct dt_range *ranges_find(const struct ranges *set, struct dt_range range)
{
    for (uint32_t i = 0; i < set->n; i++) {
        const struct dt_range *r = &set->range[i];
        if (range.base >= r->base && range.base - r->base < r->nbytes &&
            range.nbytes <= r->nbytes - (range.base - r->base))
            return r;
    }
    return NULL;
}
