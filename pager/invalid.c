/* What becomes of an access that no region allows.
 *
 * First the landing that the program's ELF file names, for code that copies to and from addresses
 * that somebody handed in. Then a thread of the program that asked to serve such faults: each is
 * kept with its token until the handler answers. Else the process ends. */
#include "invalid.h"
#include "death.h"
#include "task.h"

static bool same_thread(uint64_t token, uint64_t other)
{
    return (token ^ other) << (64 - TOKEN_SHIFT) == 0;
}

/* Gives the first fault that waits to the handler that waits. False: the handler is gone. */
static bool hand_over(struct process *process)
{
    const struct faulted *fault = &process->faulted[0];
    if (fault->token == 0 || !process->handler_waits)
        return true;
    process->handler_waits = false;
    return port_reply(process->handler,
                      (const uint64_t[6]){0, fault->address, fault->cause, fault->pc});
}

static bool keep(struct process *process, uint64_t token, struct invalid access)
{
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        if (process->faulted[i].token != 0)
            continue;
        process->faulted[i] = (struct faulted){token, access.address, access.cause, access.pc};
        return true;
    }
    return false; /* threads that were ended while they waited */
}

fault_answer_t invalid_access(struct process *process, uint64_t token, struct invalid access)
{
    if (access.pc >= process->land_start && access.pc < process->land_end)
        return process->land_target << 32 | FAULT_RESUME;
    if (process->handler == 0 || same_thread(process->handler, token) ||
        !keep(process, token, access) || !hand_over(process))
        return death_kill(process, CAUSE_ADDRESS, 0) ? 0 : FAULT_RESUME;
    return 0;
}

/* The fault that was handed over is answered; false: it ends the process. */
static bool answer_served(struct process *process, uint64_t verdict)
{
    uint64_t served = process->faulted[0].token;
    if (verdict < HANDLER_RESUME || served == 0)
        return true;
    if (verdict == HANDLER_KILL)
        return false;
    for (unsigned i = 0; i + 1 < THREADS_MAX; i++)
        process->faulted[i] = process->faulted[i + 1];
    process->faulted[THREADS_MAX - 1].token = 0;
    port_reply(served, (const uint64_t[6]){0});
    return true;
}

err_t invalid_wait(struct process *process, uint64_t token, uint64_t word[6])
{
    uint64_t verdict = word[1];
    bool mine = process->handler == 0 || same_thread(process->handler, token);
    if (!mine || verdict > HANDLER_KILL)
        return ERR_INVALID;
    process->handler = token;
    if (verdict == HANDLER_REGISTER)
        return 0;
    if (!answer_served(process, verdict))
        return death_kill(process, CAUSE_ADDRESS, 0) ? TASK_SILENT : TASK_LATER;
    const struct faulted *next = &process->faulted[0];
    process->handler_waits = next->token == 0;
    word[1] = next->address;
    word[2] = next->cause;
    word[3] = next->pc;
    return process->handler_waits ? TASK_SILENT : 0;
}

bool invalid_leave(struct process *process, uint64_t token)
{
    if (process->handler == 0 || !same_thread(process->handler, token))
        return false;
    process->handler = 0;
    process->handler_waits = false;
    return process->faulted[0].token != 0;
}
