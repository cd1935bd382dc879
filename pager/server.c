/* The user-level pager: receive, ask the core, answer. The only file that knows about messages. */
#include "../libsys/syscall.h"
#include "fault.h"
#include "laundry.h"
#include "port.h"
#include "port_user.h"
#include "request.h"

enum { FAULT_BADGE = 1, STACK_NBYTES = 12288, WASHER_NBYTES = 512 };

#define INLINE static inline __attribute__((always_inline))

_Noreturn void server_main(const struct boot_info *info);

/* Without init nobody can be served; the right to power off is still ours then. */
static _Noreturn void fail(const char *why)
{
    port_print("pager: ");
    port_print(why);
    port_print("\n");
    sys_power_off(BOOT_SLOT_CONTROL, 1);
    for (;;)
        ;
}

/* Answers by `r`, receives, and lets the core decide on the next answer. Words come in registers
 * and go into memory only here: a fault's stay where they are. */
INLINE void serve(struct reception *r, bool several)
{
    uint64_t word[6] = {r->word[0], r->word[1], r->word[2], r->word[3], r->word[4], r->word[5]};
    if (several)
        port_lock();
    enum request_outcome outcome;
    do
        outcome = request_handle(r->badge, r->token, word);
    while (__builtin_expect(outcome == REQUEST_AGAIN, false) && !request_gives_way(r->badge));
    if (several)
        port_unlock();
    if (__builtin_expect(outcome == REQUEST_AGAIN, false))
        port_recall(r->token, word);
    r->badge = outcome == REQUEST_ANSWERED ? r->token : 0;
    r->item = 0;
    r->word[0] = word[0];
    r->word[1] = word[1];
    r->word[2] = word[2];
    r->word[3] = word[3];
    r->word[4] = word[4];
    r->word[5] = word[5];
}

/* A fault's words stay in their registers, and so do the answer's: while one fault comes after the
 * other, this is the whole of the server. An answer that the kernel refuses leaves its words 1 and
 * 2 as they are: token and badge. */
INLINE void serve_faults(struct reception *r, bool several)
{
    while ((r->badge & FAULT_BADGE) != 0 && r->token != 0) {
        uint64_t token = r->token, badge = r->badge & ~(uint64_t)FAULT_BADGE;
        if (several)
            port_lock();
        fault_answer_t answer = fault_handle(r->word[0], r->word[1], r->word[2], token, badge);
        if (several)
            port_unlock();
        r->badge = token;
        r->item = fault_item(answer);
        r->frame = fault_frame(answer);
        r->word[0] = 0;
        if (__builtin_expect(!fault_installs(r->item), false)) {
            r->badge = answer == 0 ? 0 : token;
            r->item = 0;
            r->word[0] = r->frame;
        }
        r->word[1] = token;
        r->word[2] = badge;
        SYSCALL_UNUSED(r->word[3]);
        SYSCALL_UNUSED(r->word[4]);
        SYSCALL_UNUSED(r->word[5]);
        sys_reply_receive(r, PORT_SLOT_ENDPOINT, BOOT_SLOT_MEMORY);
    }
}

static bool make_room(uint64_t badge)
{
    port_lock();
    bool made = fault_make_room(badge);
    port_unlock();
    return made;
}

INLINE _Noreturn void loop(bool several)
{
    struct reception r = {0};
    for (;;) {
        sys_reply_receive(&r, PORT_SLOT_ENDPOINT, BOOT_SLOT_MEMORY);
        serve_faults(&r, several);
        if (r.token != 0) {
            serve(&r, several);
            continue;
        }
        /* A stale token: the thread was ended while it was served. Or no room for an entry. */
        bool again = r.badge == NO_BADGE && (err_t)r.word[0] == ERR_POOL && make_room(r.word[2]);
        r = (struct reception){.badge = again ? r.word[1] : 0};
    }
}

/* Two copies of the loop: on one hart no fault pays for a lock. */
static _Noreturn void shared_loop(void)
{
    loop(true);
}

static _Noreturn void wash(void)
{
    for (;;) {
        while (laundry_wash())
            ;
        port_user_wait_to_wash();
    }
}

_Noreturn void server_main(const struct boot_info *info)
{
    static char washer[WASHER_NBYTES] __attribute__((aligned(16)));
    static char stacks[LOOPS_MAX][STACK_NBYTES] __attribute__((aligned(16)));
    if (info->version != BOOT_VERSION)
        fail("another version of the kernel");
    if (port_user_init(info) != 0)
        fail("kernel pool used up");
    const char *problem = request_boot(info);
    if (problem != NULL)
        fail(problem);
    if (port_user_washer(wash, washer + WASHER_NBYTES) != 0)
        fail("kernel pool used up");
    /* Any of them takes a message on the hart that it comes from. */
    for (unsigned i = 1; i < info->nharts && i < LOOPS_MAX; i++)
        if (port_user_thread(i, shared_loop, stacks[i] + STACK_NBYTES) != 0)
            fail("kernel pool used up");
    if (info->nharts > 1)
        shared_loop();
    loop(false);
}
