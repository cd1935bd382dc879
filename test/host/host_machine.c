/* The host machine: harts, TLBs, the pool's memory, the firmware and the console. */
#include "host_machine.h"
#include "../../kern/boot.h"
#include "../../kern/console.h"
#include "../../kern/remote.h"
#include "../../kern/sbi.h"
#include "../../kern/tlb.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct host host;

static struct tlb_entry {
    uint64_t asid, page, entry;
} tlb[HOST_HARTS][HOST_TLB];
static unsigned tlb_next[HOST_HARTS];
static uint64_t satp[HOST_HARTS], asid_mask;
static struct hart hart_struct[HOST_HARTS];

_Noreturn void host_breach(const char *what, uint64_t number)
{
    printf("breach: %s %lx\n", what, (unsigned long)number);
    if (host.repeat != NULL)
        printf("repeat with: %s\n", host.repeat);
    fflush(stdout);
    abort();
}

uint64_t host_read_satp(void)
{
    return satp[host.hart];
}

void host_write_satp(uint64_t value)
{
    satp[host.hart] = value & ~((0xfffful & ~asid_mask) << SATP_ASID_SHIFT);
}

static void forget(unsigned hart, uint64_t page, bool all_pages, uint64_t asid, bool all_asids)
{
    if (host.at_fence != NULL)
        host.at_fence();
    host.nfences[hart]++;
    for (struct tlb_entry *e = tlb[hart]; e < tlb[hart] + HOST_TLB; e++)
        if ((all_asids || e->asid == asid) && (all_pages || e->page == page))
            e->entry = 0;
}

void fence_all(void)
{
    forget(host.hart, 0, true, 0, true);
}

void fence_asid(uint64_t asid)
{
    forget(host.hart, 0, true, asid, false);
}

void fence_page(uint64_t va, uint64_t asid)
{
    forget(host.hart, va >> PAGE_SHIFT, false, asid, false);
}

uint64_t test_and_set(uint64_t *word)
{
    return __atomic_exchange_n(word, 1, __ATOMIC_ACQUIRE);
}

void clear_release(uint64_t *word)
{
    __atomic_store_n(word, 0, __ATOMIC_RELEASE);
}

void fence_code(void)
{
    host.ncode_fences[host.hart]++;
}

uint64_t time_now(void)
{
    return 1000;
}

void *thread_pointer(void)
{
    return &hart_struct[host.hart];
}

/* The firmware: hart n has the number n + 10. */
static unsigned hart_of_id(uint64_t id)
{
    if (id < 10 || id >= 10 + HOST_HARTS)
        host_breach("no such hart", id);
    return (unsigned)(id - 10);
}

void host_set_sip(uint64_t bits)
{
    (void)bits;
}

/* The others answer while this one waits for them, one at a time, and never before. */
void pause_hart(void)
{
    unsigned me = host.hart;
    for (unsigned h = HOST_HARTS; h-- > 0;) {
        if (h == me || (host.interrupted >> h & 1) == 0)
            continue;
        host.interrupted &= ~(1ul << h);
        host.hart = h;
        remote_answer();
        host.hart = me;
        return;
    }
    host_breach("the kernel waits for itself, hart", me);
}

void wait_for_interrupt(void)
{
    pause_hart();
}

void sbi_send_ipi(uint64_t id)
{
    host.interrupted |= 1ul << hart_of_id(id);
}

void sbi_set_timer(uint64_t time)
{
    (void)time;
}

void console_write(const char *bytes, size_t nbytes)
{
    (void)bytes;
    (void)nbytes;
}

void console_print(const char *format, ...)
{
    (void)format;
}

_Noreturn void console_power_off(uint32_t status)
{
    host_breach("the kernel ended the machine", status);
}

_Noreturn void console_panic(const char *where, const char *why)
{
    printf("%s: %s\n", where, why);
    host_breach("the kernel's assertion failed", 0);
}

void boot_start_pager(struct boot_info *info)
{
    host_breach("nothing to boot", info->memory_first);
}

void host_start(uint64_t pool_npages, unsigned asid_bits)
{
    static char *memory;
    if (memory == NULL)
        memory = mmap(NULL, (uint64_t)HOST_POOL_NPAGES_MAX * PAGE_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const char *repeat = host.repeat;
    host = (struct host){.repeat = repeat};
    asid_mask = (1ul << asid_bits) - 1;
    memset(tlb, 0, sizeof tlb);
    memset(&pool, 0, sizeof pool);
    memset(memory, 0xa5, pool_npages * PAGE_SIZE);
    pool_init(pool_pfn(memory), pool_npages);
    nharts = HOST_HARTS;
    hart_bits = (1ul << HOST_HARTS) - 1;
    for (unsigned i = 0; i < HOST_HARTS; i++) {
        hart_struct[i] = (struct hart){.bit = 1ul << i, .id = 10 + i, .idle = true};
        harts[i] = &hart_struct[i];
        satp[i] = 0;
    }
    kernel_root = pool_frame();
    space_init_asids();
}

uint64_t host_walk(const uint64_t *root, uint64_t va)
{
    for (unsigned level = 3; level-- > 0;) {
        uint64_t entry = root[va >> (PAGE_SHIFT + 9 * level) & (LEAF_PAGES - 1)];
        bool is_leaf = (entry & (PTE_R | PTE_W | PTE_X)) != 0;
        if ((entry & PTE_V) == 0 || (entry & (PTE_R | PTE_W)) == PTE_W || (level == 0 && !is_leaf))
            return 0;
        if (is_leaf)
            return entry;
        if ((entry & (PTE_U | PTE_A | PTE_D)) != 0)
            host_breach("a pointer to a table with reserved bits", entry);
        root = pool_pointer(entry >> PTE_FRAME_SHIFT);
    }
    return 0;
}

uint64_t host_touch(unsigned hart, uint64_t va)
{
    const struct space *space = harts[hart]->space;
    uint64_t asid = satp[hart] >> SATP_ASID_SHIFT & asid_mask;
    if (space == NULL)
        return 0;
    for (const struct tlb_entry *e = tlb[hart]; e < tlb[hart] + HOST_TLB; e++)
        if (e->entry != 0 && e->asid == asid && e->page == va >> PAGE_SHIFT)
            return e->entry;
    const uint64_t *root = pool_pointer(satp[hart] & SATP_FRAME_MASK);
    uint64_t entry = host_walk(root, va);
    if (entry != 0)
        tlb[hart][tlb_next[hart]++ % HOST_TLB] = (struct tlb_entry){asid, va >> PAGE_SHIFT, entry};
    return entry;
}

static void check_tlb(unsigned hart, const struct space *space)
{
    const uint64_t rights = PTE_R | PTE_W | PTE_X;
    for (const struct tlb_entry *e = tlb[hart]; e < tlb[hart] + HOST_TLB; e++) {
        if (e->entry == 0 || e->asid != (space->satp >> SATP_ASID_SHIFT & asid_mask))
            continue;
        uint64_t now = host_walk(space->root, e->page << PAGE_SHIFT);
        if (now == 0 || now >> PTE_FRAME_SHIFT != e->entry >> PTE_FRAME_SHIFT ||
            (e->entry & rights & ~now) != 0)
            host_breach("a hart may still use an entry that is gone, page", e->page);
    }
}

void host_check_tlbs(void)
{
    for (uint64_t i = 0; i < pool_object_limit(TYPE_SPACE); i++) {
        const struct space *space = pool_object_at(TYPE_SPACE, i);
        if (space == NULL || space->root == NULL)
            continue;
        for (unsigned h = 0; h < HOST_HARTS; h++) {
            bool runs = harts[h]->space == space;
            if (runs || (space->stale & harts[h]->bit) == 0)
                check_tlb(h, space);
        }
    }
}

uint64_t host_frames_in_use(void)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < pool.npages; i++)
        n += pool.info[i].kind == 1;
    return n;
}
