/* A second pager that commits one misdeed a boot, the one that misdeed= names, with clients of its
 * own, while the first pager and its program go on. It stands in the place of the second one of
 * smallest_boot.c: a grant of memory, the right to make objects, a line on the console. */
#include "hostile.h"
#include "boot_value.h"

enum { TEXT_PAGES_MAX = 8 };
#define STACK_VA 0x710000000ul

extern char _start[]; /* the first page of the text */

_Noreturn void server_main(const struct boot_info *boot);

const struct boot_info *hostile_info;
static pfn_t next_frame, text_frame;
static volatile uint64_t first_data = 1; /* the text ends here */

static uint64_t text_npages(void)
{
    return ((uint64_t)&first_data - (uint64_t)_start) >> PAGE_SHIFT;
}

static uint64_t *window(pfn_t frame)
{
    return (uint64_t *)(MEMORY_WINDOW + (frame << PAGE_SHIFT));
}

pfn_t hostile_frame(void)
{
    __builtin_memset(window(next_frame), 0, PAGE_SIZE);
    return next_frame++;
}

bool hostile_space(unsigned i)
{
    return sys_create(TYPE_SPACE, SPACES + i, EP, 0x40 + 2 * i, CTL) == 0 &&
           sys_map(SPACES + i, (uint64_t)_start, RIGHT_R | RIGHT_X, text_frame, text_npages(),
                   MEM) == (err_t)text_npages() &&
           sys_map(SPACES + i, STACK_VA, RW, hostile_frame(), 1, MEM) == 1;
}

bool hostile_start(unsigned i, client_t *entry, uint64_t argument)
{
    return sys_create(TYPE_THREAD, THREADS + i, SPACES + i, PRIORITY_DEFAULT, CTL) == 0 &&
           sys_thread_set(THREADS + i, (uint64_t)entry, STACK_VA + PAGE_SIZE, argument, 0, 0) ==
               0 &&
           sys_thread_start(THREADS + i) == 0;
}

bool hostile_client(unsigned i, client_t *entry, uint64_t argument)
{
    return hostile_space(i) && hostile_start(i, entry, argument);
}

bool hostile_answer_hear(struct reception *r)
{
    sys_reply_receive(r, EP, MEM);
    return r->token != 0;
}

bool hostile_hear(struct reception *r)
{
    *r = (struct reception){0};
    return hostile_answer_hear(r);
}

/* Takes what comes, and answers nobody. */
_Noreturn void hostile_park(void)
{
    for (struct reception r;;)
        hostile_hear(&r);
}

static void print(const char *text)
{
    uint64_t n = 0;
    while (text[n] != '\0')
        n++;
    sys_console_write(CTL, text, n);
}

static void print_result(const char *name, int line)
{
    char digits[] = " FAILED line 000\n";
    for (unsigned i = 15, rest = (unsigned)line; i > 12; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    print("hostile: ");
    print(name);
    print(line == 0 ? " ok\n" : digits);
}

/* Is that what misdeed= says, in second='hostile misdeed=NAME'? */
static bool is_named(const char *arguments, const char *name)
{
    static char line[BOOT_ARGUMENTS_MAX], word[BOOT_ARGUMENTS_MAX];
    const char *own = boot_value(arguments, "second=", line);
    const char *value = own == 0 ? 0 : boot_value(own, "misdeed=", word);
    if (value == 0)
        return false;
    while (*name != '\0' && *name == *value)
        name++, value++;
    return *name == '\0' && *value == '\0';
}

uint64_t hostile_number(void)
{
    return (uint64_t)sys_ask(SLOT_PAGER, REQ_GETPID, 0, 0, 0);
}

/* The neighbour's next call is answered, with our number. */
static void meet_neighbour(void)
{
    struct reception r = {0};
    sys_reply_receive(&r, DOOR, MEM);
    sys_reply(r.token, (const uint64_t[6]){hostile_number()});
}

_Noreturn void server_main(const struct boot_info *boot)
{
    hostile_info = boot;
    next_frame = text_frame = boot->memory_first;
    for (uint64_t i = 0; i < text_npages(); i++)
        __builtin_memcpy(window(hostile_frame()), _start + i * PAGE_SIZE, PAGE_SIZE);
    sys_create(TYPE_ENDPOINT, EP, 0, 0, CTL);
    meet_neighbour(); /* it is there; it lets us begin; it hears that it is done */
    meet_neighbour();
    for (const struct misdeed *deed = misdeeds; deed->name != 0; deed++)
        if (is_named(boot->arguments, deed->name)) {
            print_result(deed->name, deed->commit());
            meet_neighbour();
            deed->after();
        }
    print_result("misdeed=", __LINE__); /* none of that name */
    meet_neighbour();
    hostile_park();
}
