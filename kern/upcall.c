/* The way up as messages: the pager is the first program of the boot archive. */
#include "boot.h"
#include "console.h"
#include "up.h"

void up_fault(struct thread *thread, uint64_t cause, uint64_t value)
{
    if (thread->space->fault.object == &thread->space->object) {
        console_print("pager died: cause 0x%lx at pc 0x%lx, address 0x%lx\n", cause, thread->x[0],
                      value);
        console_power_off(1);
    }
    ipc_send_fault(thread, cause, value);
}

void up_call(struct thread *thread, struct endpoint *endpoint, uint64_t badge)
{
    ipc_send(thread, endpoint, badge, THREAD_CALL_QUEUED);
}

bool up_idle(void)
{
    return false;
}

void up_boot(struct boot_info *info)
{
    boot_start_pager(info);
}
