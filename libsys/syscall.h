/* System-call stubs: one inline function each (freestanding/abi.h has the registers and errors). */
#ifndef LIBSYS_SYSCALL_H
#define LIBSYS_SYSCALL_H
#include "freestanding/abi.h"

#define SYSCALL_CLOBBERS "t0", "t1", "t2", "t3", "t4", "t5", "t6", "memory"

/* General call: result in a0, a second one in *second if it is not NULL. */
static inline err_t syscall6(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                             uint64_t e, uint64_t f, uint64_t *second)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a4 __asm__("a4") = e;
    register uint64_t a5 __asm__("a5") = f;
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a7)
                     :
                     : "a6", SYSCALL_CLOBBERS);
    if (second != 0)
        *second = a1;
    return (err_t)a0;
}

static inline err_t sys_yield(void)
{
    return syscall6(SYS_YIELD, 0, 0, 0, 0, 0, 0, 0);
}

static inline err_t sys_notify(uint64_t slot, uint64_t bits)
{
    return syscall6(SYS_NOTIFY, slot, bits, 0, 0, 0, 0, 0);
}

static inline err_t sys_map(uint64_t space, uint64_t va, unsigned rights, pfn_t first,
                            uint64_t npages, uint64_t memory)
{
    return syscall6(SYS_MAP, space, va | rights, first, npages, memory, 0, 0);
}

static inline err_t sys_protect(uint64_t space, uint64_t va, unsigned rights, uint64_t npages)
{
    return syscall6(SYS_PROTECT, space, va | rights, npages, 0, 0, 0, 0);
}

static inline err_t sys_unmap(uint64_t space, uint64_t va, uint64_t npages)
{
    return syscall6(SYS_UNMAP, space, va, npages, 0, 0, 0, 0);
}

static inline err_t sys_share(uint64_t from, uint64_t to, uint64_t va, unsigned rights,
                              uint64_t npages)
{
    return syscall6(SYS_SHARE, from, to, va | rights, npages, 0, 0, 0);
}

static inline err_t sys_next(uint64_t space, uint64_t va, uint64_t *frame)
{
    err_t found;
    while ((found = syscall6(SYS_NEXT, space, va, 0, 0, 0, 0, frame)) == ERR_AGAIN)
        va = *frame;
    return found;
}

static inline err_t sys_create(unsigned type, uint64_t slot, uint64_t a, uint64_t b,
                               uint64_t control)
{
    return syscall6(SYS_CREATE, type, slot, a, b, control, 0, 0);
}

static inline err_t sys_create_thread(uint64_t slot, uint64_t space, unsigned priority,
                                      uint64_t token, uint64_t control)
{
    return syscall6(SYS_CREATE, TYPE_THREAD, slot, space, priority, control, token, 0);
}

static inline err_t sys_destroy(uint64_t slot)
{
    return syscall6(SYS_DESTROY, slot, 0, 0, 0, 0, 0, 0);
}

static inline err_t sys_cap_install(uint64_t space, uint64_t slot, uint64_t source, uint64_t badge,
                                    unsigned rights)
{
    return syscall6(SYS_CAP_INSTALL, space, slot, source, badge, rights, 0, 0);
}

static inline err_t sys_cap_remove(uint64_t space, uint64_t slot)
{
    return syscall6(SYS_CAP_REMOVE, space, slot, 0, 0, 0, 0, 0);
}

static inline err_t sys_grant(uint64_t memory, uint64_t npages, uint64_t space, uint64_t slot)
{
    return syscall6(SYS_GRANT, memory, npages, space, slot, 0, 0, 0);
}

static inline err_t sys_thread_set(uint64_t thread, uint64_t pc, uint64_t sp, uint64_t a0,
                                   uint64_t a1, uint64_t tp)
{
    return syscall6(SYS_THREAD_SET, thread, pc, sp, a0, a1, tp, 0);
}

static inline err_t sys_thread_start(uint64_t thread)
{
    return syscall6(SYS_THREAD_START, thread, 0, 0, 0, 0, 0, 0);
}

static inline err_t sys_thread_stop(uint64_t thread)
{
    return syscall6(SYS_THREAD_STOP, thread, 0, 0, 0, 0, 0, 0);
}

static inline err_t sys_thread_priority(uint64_t thread, unsigned priority)
{
    return syscall6(SYS_THREAD_PRIORITY, thread, priority, 0, 0, 0, 0, 0);
}

static inline err_t sys_irq_attach(uint64_t control, uint64_t number, uint64_t endpoint,
                                   uint64_t bits)
{
    return syscall6(SYS_IRQ_ATTACH, control, number, endpoint, bits, 0, 0, 0);
}

static inline err_t sys_irq_acknowledge(uint64_t control, uint64_t number)
{
    return syscall6(SYS_IRQ_ACKNOWLEDGE, control, number, 0, 0, 0, 0, 0);
}

static inline err_t sys_alarm(uint64_t endpoint, uint64_t bits, uint64_t time)
{
    return syscall6(SYS_ALARM, endpoint, bits, time, 0, 0, 0, 0);
}

static inline err_t sys_power_off(uint64_t control, uint64_t status)
{
    return syscall6(SYS_POWER_OFF, control, status, 0, 0, 0, 0, 0);
}

static inline err_t sys_statistics(uint64_t index)
{
    return syscall6(SYS_STATISTICS, index, 0, 0, 0, 0, 0, 0);
}

static inline err_t sys_time(uint64_t space)
{
    return syscall6(SYS_STATISTICS, STAT_TIME, space, 0, 0, 0, 0, 0);
}

/* SYS_CALL, SYS_REPLY and SYS_CONSOLE_WRITE: six words and a6. The words are the answer's after a
 * call that returns 0. */
static inline err_t syscall_words(uint64_t number, uint64_t a6_value, uint64_t word[6])
{
    register uint64_t a0 __asm__("a0") = word[0];
    register uint64_t a1 __asm__("a1") = word[1];
    register uint64_t a2 __asm__("a2") = word[2];
    register uint64_t a3 __asm__("a3") = word[3];
    register uint64_t a4 __asm__("a4") = word[4];
    register uint64_t a5 __asm__("a5") = word[5];
    register uint64_t a6 __asm__("a6") = a6_value;
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7)
                     :
                     : SYSCALL_CLOBBERS);
    word[0] = a0;
    word[1] = a1;
    word[2] = a2;
    word[3] = a3;
    word[4] = a4;
    word[5] = a5;
    return (err_t)a6;
}

static inline err_t sys_call(uint64_t slot, uint64_t word[6])
{
    return syscall_words(SYS_CALL, slot, word);
}

/* The same for a message of four words and an answer of one. Nothing is stored: a process that has
 * just forked would have to copy its stack for it. */
static inline err_t sys_ask(uint64_t slot, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a3 __asm__("a3") = d;
    register uint64_t a6 __asm__("a6") = slot;
    register uint64_t a7 __asm__("a7") = SYS_CALL;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a6), "+r"(a7)
                     :
                     : "a4", "a5", SYSCALL_CLOBBERS);
    return a6 != 0 ? (err_t)a6 : (err_t)a0;
}

static inline err_t sys_reply(uint64_t token, const uint64_t word[6])
{
    uint64_t copy[6] = {word[0], word[1], word[2], word[3], word[4], word[5]};
    syscall_words(SYS_REPLY, token, copy);
    return (err_t)copy[0];
}

static inline err_t sys_recall(uint64_t token, const uint64_t word[6])
{
    uint64_t copy[6] = {word[0], word[1], word[2], word[3], word[4], word[5]};
    syscall_words(SYS_RECALL, token, copy);
    return (err_t)copy[0];
}

static inline err_t sys_urgent(uint64_t endpoint)
{
    return syscall6(SYS_URGENT, endpoint, 0, 0, 0, 0, 0, 0);
}

/* Up to 48 bytes, written when their line is whole; none: what there is of a line is written. */
static inline err_t sys_console_write(uint64_t control, const char *bytes, uint64_t nbytes)
{
    uint64_t word[6] = {0};
    if (nbytes > sizeof word)
        return ERR_LENGTH;
    __builtin_memcpy(word, bytes, nbytes);
    syscall_words(SYS_CONSOLE_WRITE, control | nbytes << 32, word);
    return (err_t)word[0];
}

/* SYS_REPLY_RECEIVE: what goes in and comes out. */
struct reception {
    uint64_t word[6];
    uint64_t badge; /* in: token to answer, or 0; out: badge */
    uint64_t token; /* out */
    uint64_t item;  /* in: map item, or 0 */
    pfn_t frame;
};

/* A word of an answer of which nobody looks at the value: it needs no instruction to set it. */
#define SYSCALL_UNUSED(word) __asm__ volatile("" : "=r"(word))

/* A receive preserves nothing but sp, gp and tp: each register is named here, s0 too, because a
 * forgotten one would be corrupted far from its cause. */
static inline void sys_reply_receive(struct reception *r, uint64_t endpoint, uint64_t memory)
{
    register uint64_t a0 __asm__("a0") = r->word[0];
    register uint64_t a1 __asm__("a1") = r->word[1];
    register uint64_t a2 __asm__("a2") = r->word[2];
    register uint64_t a3 __asm__("a3") = r->word[3];
    register uint64_t a4 __asm__("a4") = r->word[4];
    register uint64_t a5 __asm__("a5") = r->word[5];
    register uint64_t a6 __asm__("a6") = r->badge;
    register uint64_t a7 __asm__("a7") = SYS_REPLY_RECEIVE;
    register uint64_t t0 __asm__("t0") = r->item;
    register uint64_t t1 __asm__("t1") = r->frame;
    register uint64_t t2 __asm__("t2") = memory;
    register uint64_t t3 __asm__("t3") = endpoint;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6),
                       "+r"(a7), "+r"(t0), "+r"(t1), "+r"(t2), "+r"(t3)
                     :
                     : "ra", "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
                       "s11", "t4", "t5", "t6", "memory");
    r->word[0] = a0;
    r->word[1] = a1;
    r->word[2] = a2;
    r->word[3] = a3;
    r->word[4] = a4;
    r->word[5] = a5;
    r->badge = a6;
    r->token = a7;
}
#endif
