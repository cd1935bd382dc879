/* Threads that wait at a word of their memory. Each is kept with its token. */
#include "words.h"
#include "fault.h"

/* A word that the process may store to. */
static bool is_word(const struct process *process, uint64_t address)
{
    const struct region *region = NULL;
    if (address % sizeof(uint32_t) == 0 && address < ADDRESS_LIMIT)
        region = region_find(&process->regions, address);
    return region != NULL && (region->rights & RIGHT_W) != 0;
}

/* Where it is now; NULL: nobody has touched its page yet. */
static uint32_t *find(const struct process *process, uint64_t address)
{
    const entry_t *entry = map_find(&process->map, address);
    if (entry == NULL || *entry == 0)
        return NULL;
    return (uint32_t *)((char *)port_frame(entry_frame(*entry)) + address % PAGE_SIZE);
}

/* Other threads may store to it now, on other harts. */
static uint32_t load(const struct process *process, uint64_t address)
{
    const uint32_t *at = find(process, address);
    return at == NULL ? 0 : __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

/* Who came first stands first. */
static uint64_t take(struct process *process, unsigned i)
{
    uint64_t token = process->sleeper[i].token;
    for (; i + 1 < THREADS_MAX; i++)
        process->sleeper[i] = process->sleeper[i + 1];
    process->sleeper[THREADS_MAX - 1].token = 0;
    return token;
}

bool words_wait(struct process *process, uint64_t token, uint64_t word[6])
{
    uint64_t address = word[1];
    struct sleeper *sleeper = process->sleeper;
    if (!is_word(process, address)) {
        word[0] = (uint64_t)ERR_INVALID;
        return true;
    }
    if (load(process, address) != (uint32_t)word[2]) {
        word[0] = (uint64_t)ERR_AGAIN;
        return true;
    }
    /* Full: some of them are threads that ended. One asks again, if it is still there. */
    if (process->sleeper[THREADS_MAX - 1].token != 0)
        port_reply(take(process, 0), (const uint64_t[6]){(uint64_t)ERR_AGAIN});
    while (sleeper->token != 0)
        sleeper++;
    *sleeper = (struct sleeper){token, address};
    return false;
}

err_t words_wake(struct process *process, uint64_t address, uint64_t limit)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < THREADS_MAX && process->sleeper[i].token != 0 && n < limit;) {
        if (process->sleeper[i].address != address)
            i++;
        else
            n += port_reply(take(process, i), (const uint64_t[6]){0});
    }
    return (err_t)n;
}

bool words_populate(struct process *process, uint64_t address)
{
    uint64_t va = address & ~(uint64_t)(PAGE_SIZE - 1);
    return !is_word(process, address) || fault_populate(process, va, va + PAGE_SIZE);
}

void words_clear(struct process *process, uint64_t address)
{
    if (!is_word(process, address))
        return;
    __atomic_store_n(find(process, address), 0, __ATOMIC_RELEASE);
    words_wake(process, address, THREADS_MAX);
}
