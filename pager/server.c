/* The user-level pager: receive, ask the core, answer. The only file that knows about messages. */
#include "../libsys/syscall.h"
#include "fault.h"
#include "port_user.h"
#include "request.h"

enum { FAULT_BADGE = 1 };

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

/* Neither answer nor item: the next receive only receives. */
static void answer_nothing(struct reception *r)
{
    r->badge = 0;
    r->item = 0;
}

static void serve_fault(struct reception *r)
{
    struct fault_answer answer =
        fault_handle(r->badge & ~(uint64_t)FAULT_BADGE, r->word[0], r->word[1]);
    if (answer.item == 0) {
        answer_nothing(r);
        return;
    }
    r->badge = r->token;
    r->item = answer.item == FAULT_RESUME ? 0 : answer.item;
    r->frame = answer.frame;
    r->word[0] = 0; /* resume at the same pc */
}

static void serve_request(struct reception *r)
{
    bool answered = request_handle(r->badge, r->token, r->word);
    r->badge = answered ? r->token : 0;
    r->item = 0;
}

_Noreturn void server_main(const struct boot_info *info)
{
    if (info->version != BOOT_VERSION)
        fail("another version of the kernel");
    if (port_user_init() != 0)
        fail("kernel pool used up");
    const char *problem = request_boot(info);
    if (problem != NULL)
        fail(problem);

    struct reception r = {0};
    uint64_t badge = 0;
    for (;;) {
        uint64_t answered = r.badge;
        sys_reply_receive(&r, PORT_SLOT_ENDPOINT, BOOT_SLOT_MEMORY);
        if (r.token != 0) {
            badge = r.badge & ~(uint64_t)FAULT_BADGE;
            if (r.badge != badge)
                serve_fault(&r);
            else
                serve_request(&r);
        } else if (r.badge == NO_BADGE && (err_t)r.word[0] == ERR_POOL && fault_make_room(badge)) {
            r.badge = answered;
            r.item = 0;
            r.word[0] = 0;
        } else {
            /* A stale token: the thread was ended while it was served. */
            answer_nothing(&r);
        }
    }
}
