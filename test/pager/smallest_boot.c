/* Starts programs for the smallest pager, and a second one beside it.
 *
 * It stands first in an archive of its own, where other archives have the pager, and runs the
 * program that run= names; it also starts a second pager with a grant of memory: itself, which runs
 * the same program from its own, or another one that second= names. Neither can name the other's
 * memory, and both try. The first prints what init would print: `run: NAME exit N`, and an audit
 * line. Its program may call the second pager. In a kernel that has a pager of its own it is the
 * second one alone: init starts it (REQ_PAGER), with all that it would give. */
#include "boot_value.h"
#include "smallest.h"
#include "../../libsys/freestanding/archive.h"
#include "../../libsys/freestanding/elf.h"
#include "../../libsys/syscall.h"
#include "../../pager/protocol.h"

enum { STACK_NPAGES = 16, GRANT_NPAGES = 8192, NAME_MAX = 16 };
#define STACK_TOP  0x70000000ul
#define INFO_AT    0x50000000ul /* the second pager's boot information, */
#define ARCHIVE_AT 0x60000000ul /* and the archive, for reading */
#define PROBE_AT   0x10000000ul

enum { DOOR = 6 }; /* where the program calls the second pager */

static char name[NAME_MAX + 1], second_name[NAME_MAX + 1] = "smallest";
static unsigned program, second; /* their places */

/* The first has an image in its own memory. */
static bool is_first(const struct boot_info *boot)
{
    return boot->image_npages > 0;
}

static uint64_t length_of(const char *text)
{
    uint64_t n = 0;
    while (text[n] != '\0')
        n++;
    return n;
}

static void print(const char *text)
{
    sys_console_write(BOOT_SLOT_CONTROL, text, length_of(text));
}

static void print_number(const char *text, uint64_t number)
{
    char digits[21] = {0}, *at = digits + 20;
    do
        *--at = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    print(text);
    print(at);
}

/* The first word of what `key` says, if there is one. */
static void read_word(const char *line, const char *key, char to[NAME_MAX + 1])
{
    static char word[BOOT_ARGUMENTS_MAX];
    uint64_t n = 0;
    const char *value = boot_value(line, key, word);
    if (value == 0)
        return;
    for (; n < NAME_MAX && *value >= 'a' && *value <= 'z'; n++)
        to[n] = *value++;
    to[n] = n == 0 ? to[n] : '\0';
}

/* What the second one runs may stand in second='smallest run=NAME'. */
static void read_names(const struct boot_info *boot)
{
    static char line[BOOT_ARGUMENTS_MAX];
    const char *own = boot_value(boot->arguments, "second=", line);
    read_word(boot->arguments, "run=", name);
    read_word(boot->arguments, "second=", second_name);
    if (!is_first(boot) && own != 0)
        read_word(own, "run=", name);
}

static bool load_segment(unsigned p, const struct elf_segment *segment, const uint8_t *file)
{
    uint64_t start = segment->vaddr, end = start + segment->mem_nbytes;
    uint64_t file_end = start + segment->file_nbytes, va = start & ~(uint64_t)(PAGE_SIZE - 1);
    for (; va < end; va += PAGE_SIZE) {
        uint64_t from = va > start ? va : start;
        uint64_t to = file_end < va + PAGE_SIZE ? file_end : va + PAGE_SIZE;
        if (!smallest_page(p, va, segment->rights, file + segment->offset + (from - start),
                           from - va, to > from ? to - from : 0))
            return false;
    }
    return true;
}

/* Segments and stack of a program, with its argument block (of which the name is all) on top. */
static unsigned load(const struct boot_info *boot, const char *path, struct elf_image *image)
{
    const void *archive = (const void *)(MEMORY_WINDOW + boot->archive_start);
    struct archive_file file;
    unsigned p = smallest_make(0, 0);
    if (p == 0 || archive_find(archive, boot->archive_nbytes, path, &file) != 1 ||
        elf_read(file.data, file.nbytes, STACK_TOP - STACK_NPAGES * PAGE_SIZE, image) != ELF_OK)
        return 0;
    struct {
        struct argument_block head;
        char name[NAME_MAX + 1];
    } block = {.head = {.nbytes = sizeof block, .argc = 1}};
    __builtin_memcpy(block.name, path, length_of(path));
    bool good = true;
    for (unsigned i = 0; i < image->nsegments; i++)
        good = good && load_segment(p, &image->segment[i], file.data);
    for (uint64_t i = 0; i < STACK_NPAGES; i++)
        good = good && smallest_page(p, STACK_TOP - i * PAGE_SIZE, RIGHT_R | RIGHT_W, &block, 0,
                                     i == 0 ? sizeof block : 0);
    return good ? p : 0;
}

uint64_t smallest_ngranted(const struct boot_info *boot)
{
    return is_first(boot) ? GRANT_NPAGES : 0;
}

static pfn_t granted_first(const struct boot_info *boot)
{
    return boot->memory_first + boot->memory_npages - GRANT_NPAGES;
}

/* Memory, the right to make spaces, the archive, and what the kernel tells the first program. */
static bool give(const struct boot_info *boot, unsigned p)
{
    struct boot_info info = *boot;
    uint64_t space = smallest_space(p), npages = page_up(boot->archive_nbytes) >> PAGE_SHIFT;
    info.memory_first = granted_first(boot);
    info.memory_npages = GRANT_NPAGES;
    info.image_npages = 0;
    info.archive_start = ARCHIVE_AT - MEMORY_WINDOW;
    for (uint64_t done = 0; done < npages;) {
        err_t n =
            sys_map(space, ARCHIVE_AT + (done << PAGE_SHIFT), RIGHT_R,
                    (boot->archive_start >> PAGE_SHIFT) + done, npages - done, BOOT_SLOT_MEMORY);
        if (n <= 0)
            return false;
        done += (uint64_t)n;
    }
    err_t error;
    do
        error = sys_grant(BOOT_SLOT_MEMORY, GRANT_NPAGES, space, BOOT_SLOT_MEMORY);
    while (error == ERR_AGAIN);
    return error == 0 && sys_cap_remove(space, SLOT_CONTROL) == 0 &&
           sys_cap_install(space, BOOT_SLOT_CONTROL, BOOT_SLOT_CONTROL, 0,
                           CONTROL_CONSOLE | CONTROL_CREATE) == 0 &&
           smallest_page(p, INFO_AT, RIGHT_R, &info, 0, sizeof info);
}

static const char *cause_name(uint32_t cause)
{
    static const char *const names[] = {"exit",    "kill",        "memory",
                                        "address", "instruction", "alignment"};
    return names[cause % 6];
}

/* A second pager of another kind may end as it likes. */
bool smallest_ended(unsigned p, uint32_t status, uint32_t cause)
{
    bool good = status == 0 && cause == CAUSE_EXIT;
    if (second == 0 || p != second)
        return good;
    print("smallest: the second pager ended: ");
    print(cause_name(cause));
    print_number(" ", status);
    print("\n");
    sys_destroy(DOOR); /* the program may be waiting there */
    return good || __builtin_memcmp(second_name, "smallest", NAME_MAX / 2) != 0;
}

static bool make_door(void)
{
    return sys_create(TYPE_ENDPOINT, DOOR, 0, 0, BOOT_SLOT_CONTROL) == 0 &&
           sys_cap_install(smallest_space(second), SLOT_ENDPOINT, DOOR, 0, CAP_RECEIVE) == 0 &&
           sys_cap_install(smallest_space(program), SLOT_SECOND, DOOR, 0, CAP_CALL) == 0;
}

static bool boot_second(const struct boot_info *boot)
{
    struct elf_image image;
    if ((second = load(boot, second_name, &image)) == 0 || !give(boot, second) || !make_door())
        return false;
    smallest_start(second, image.entry, STACK_TOP, INFO_AT, image.high);
    return true;
}

bool smallest_boot(const struct boot_info *boot)
{
    struct elf_image image;
    read_names(boot);
    program = load(boot, name, &image);
    if (program == 0 || (is_first(boot) && !boot_second(boot)))
        return false;
    /* One frame of the other's. */
    pfn_t theirs = is_first(boot) ? granted_first(boot) : boot->memory_first - 1;
    err_t error = sys_map(smallest_space(program), PROBE_AT, RIGHT_R, theirs, 1, BOOT_SLOT_MEMORY);
    print(error == ERR_MEMORY ? "smallest: apart ok\n" : "smallest: apart FAILED\n");
    smallest_start(program, image.entry, STACK_TOP, STACK_TOP, image.high);
    return error == ERR_MEMORY;
}

/* The second tells its pager, the first powers off. What was granted has returned: it can be seen.
 */
_Noreturn void smallest_finish(const struct boot_info *boot, bool good, bool whole, uint64_t nfree)
{
    if (!is_first(boot))
        sys_call(SLOT_PAGER, (uint64_t[6]){REQ_EXIT, !good || !whole});
    nfree += GRANT_NPAGES;
    for (pfn_t i = 0; i < GRANT_NPAGES; i++)
        *(volatile uint64_t *)window(granted_first(boot) + i) = 1;
    print("run: ");
    print(name);
    print(good ? " exit 0\n" : " exit 1\n");
    print(whole ? "audit: ok" : "audit: FAILED");
    print_number(" frames=", boot->total_npages);
    print_number(" free=", nfree);
    print_number(" used=", boot->memory_npages - nfree);
    print_number(" kernel=", boot->total_npages - boot->memory_npages);
    print("\n");
    sys_power_off(BOOT_SLOT_CONTROL, !good || !whole);
    for (;;)
        ;
}
