/* From the firmware to the first thread: device tree, memory, harts. */
#include "boot.h"
#include "console.h"
#include "../libsys/freestanding/bootline.h"
#include "../libsys/freestanding/dt.h"
#include "irq.h"
#include "memory.h"
#include "ram.h"
#include "riscv.h"
#include "sbi.h"
#include "sched.h"
#include "timer.h"
#include "trap.h"
#include "up.h"

enum { STACK_FRAMES = 2, SLICES_A_SECOND = 100, POWER_OFFS_A_SECOND = 10 };
enum { COUNTERS_FOR_USERS = 7 /* cycle, time, instret */ };

/* A slice that is shorter than so many of a second leaves no time for anything but ticks. */
enum { SHORTEST_SLICE = 250000 };

#define DT_MAX (2ul << 20)

struct hart *kernel_main(uint64_t hart_id, uint64_t device_tree, uint64_t start);
_Noreturn void hart_main(void);

static struct boot_info info;

static void read_machine(uint64_t device_tree, uint64_t hart_id, struct dt_machine *machine)
{
    const void *blob = (const void *)kmap_device_tree(device_tree);
    uint64_t nbytes = dt_total_bytes(blob);
    if (nbytes > DT_MAX)
        boot_fail("device tree", "too large");
    enum dt_error error =
        dt_read(blob, nbytes, pool_pfn(image_start) << PAGE_SHIFT, hart_id, machine);
    if (machine->tester.nbytes != 0)
        console_tester = (volatile uint32_t *)machine->tester.base;
    console_patience = machine->timebase_hz / POWER_OFFS_A_SECOND;
    if (error != DT_OK)
        boot_fail("device tree", dt_error_text(error));
    if (machine->archive.nbytes == 0)
        boot_fail("archive", "missing (-initrd)");
    if (ranges_find(&machine->ram, machine->archive) == NULL ||
        machine->archive.base + machine->archive.nbytes > USER_LIMIT)
        boot_fail("archive", "not in memory, or not below 256 GiB");
    if (machine->bootargs_len >= BOOT_ARGUMENTS_MAX)
        boot_fail("boot arguments", "too long"); /* refused: they would be cut */
}

/* The pager's page of facts; the device tree is read no more. A serial port that no device memory
 * covers is none. Returns where the pool ends. */
static uint64_t fill_info(const struct dt_machine *machine)
{
    info = (struct boot_info){
        .version = BOOT_VERSION,
        .timebase_hz = machine->timebase_hz,
        .nharts = machine->nharts,
    };
    for (size_t i = 0; i < machine->bootargs_len; i++)
        info.arguments[i] = machine->bootargs[i];
    uint64_t pool_end = ram_divide(machine, &info);
    if (machine->uart.base >> PAGE_SHIFT < info.device_npages &&
        ranges_find(&machine->kept, (struct dt_range){machine->uart.base, 1}) == NULL) {
        info.console_address = machine->uart.base;
        info.console_irq = machine->uart_irq;
    }
    return pool_end;
}

/* Argument tick=N, in units of the time base. */
static uint64_t slice_argument(uint64_t otherwise)
{
    static char word[BOOT_ARGUMENTS_MAX];
    const char *line = info.arguments, *digit = word + 5;
    uint64_t value = 0;
    while (__builtin_memcmp(word, "tick=", 5) != 0)
        if (!bootline_next(&line, word))
            return otherwise;
    for (; *digit >= '0' && *digit <= '9' && value < 1ul << 32; digit++)
        value = value * 10 + (uint64_t)(*digit - '0');
    if (digit == word + 5 || *digit != '\0' || value < timer_hz / SHORTEST_SLICE ||
        value >= 1ul << 32)
        boot_fail("tick=", "a number below 2^32 is wanted, and at least 4 microseconds");
    return value;
}

static void make_harts(const struct dt_machine *machine, uint64_t boot_hart_id)
{
    bool found = false;
    for (uint32_t i = 0; i < machine->nharts; i++) {
        struct hart *hart = pool_frame(); /* and its stack in the frames above it */
        for (uint64_t f = 1; hart != NULL && f <= STACK_FRAMES; f++)
            kernel_assert(pool_frame() == (char *)hart + f * PAGE_SIZE);
        if (hart == NULL)
            boot_fail("kernel pool", "too little memory for the harts");
        hart->stack_top = (uint64_t)hart + (1ul + STACK_FRAMES) * PAGE_SIZE;
        hart->id = machine->hart_id[i];
        hart->plic_context = machine->plic_context[i];
        hart->bit = 1ul << i;
        harts[i] = hart;
        found = found || hart->id == boot_hart_id;
        if (hart->id == boot_hart_id)
            __asm__ volatile("mv tp, %0" ::"r"(hart));
    }
    if (!found)
        boot_fail("hart", "this one is not in the device tree");
    nharts = machine->nharts;
    hart_bits = nharts == 64 ? ~0ul : (1ul << nharts) - 1;
}

static void keep(struct ranges *kept, const struct ranges *more)
{
    for (uint32_t i = 0; i < more->n; i++)
        if (!ranges_add(kept, more->range[i]))
            boot_fail("memory", "in more pieces than can be kept");
}

/* Memory that lies among the devices is no device's. */
static void init_devices(struct dt_machine *machine)
{
    console_tester = kmap_device(machine->tester.base, machine->tester.nbytes);
    irq_init(kmap_device(machine->plic.base, machine->plic.nbytes), this_hart()->plic_context);
    keep(&machine->kept, &machine->ram);
    keep(&machine->kept, &machine->reserved);
    memory_keep(&machine->kept);
}

/* The firmware may not have parked it yet: it gets a second for that. */
static void start_hart(const struct hart *hart, uint64_t start)
{
    uint64_t deadline = time_now() + timer_hz;
    while (sbi_hart_start(hart->id, start, (uint64_t)hart) != 0)
        if (time_now() > deadline)
            boot_fail("hart", "the firmware does not start it");
}

/* On the boot stack. The others start at `start`, in the image; this hart goes on with what is
 * returned. */
struct hart *kernel_main(uint64_t hart_id, uint64_t device_tree, uint64_t start)
{
    static struct dt_machine machine;
    read_machine(device_tree, hart_id, &machine);
    uint64_t image_limit = (uint64_t)image_end - kernel_offset, pool_end = fill_info(&machine);
    pool_init(image_limit >> PAGE_SHIFT, (pool_end - image_limit) >> PAGE_SHIFT);
    kmap_init(pool_end + kernel_offset);
    space_init_asids();
    make_harts(&machine, hart_id);
    init_devices(&machine);
    timer_hz = machine.timebase_hz;
    sched_slice = slice_argument(timer_hz / SLICES_A_SECOND);
    if (sched_slice == 0)
        boot_fail("time base", "too slow for slices");
    up_boot(&info);
    for (uint32_t i = 0; i < nharts; i++)
        if (harts[i] != this_hart())
            start_hart(harts[i], start - kernel_offset);
    return this_hart();
}

/* On the hart's own stack: leaves the boot tables, and with them all memory but the kernel's. */
_Noreturn void hart_main(void)
{
    csr_write(satp, SATP_SV39 | pool_pfn(kernel_root));
    fence_all();
    csr_write(scounteren, (uint64_t)COUNTERS_FOR_USERS);
    csr_write(sie, INTERRUPT_SOFTWARE | INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
    timer_start();
    lock_acquire(&kernel_lock);
    struct thread *thread = trap_next();
    lock_release(&kernel_lock);
    trap_resume(thread);
}
