/* Memory for another pager. */
#include "lend.h"
#include "../libsys/freestanding/frame.h"
#include "frames.h"
#include "port.h"

static struct {
    struct process *pager; /* NULL: there is none, and nothing is lent */
    pfn_t first, limit;
} lent;

/* Nobody learns what a dead process left there. */
err_t lend_memory(struct process *process, uint64_t npages)
{
    const struct frame_run *main = &frames.run[0];
    pfn_t limit = main->first + main->npages, first = limit - npages;
    if (npages == 0 || npages >= main->npages || npages % LEAF_PAGES != 0 ||
        limit % LEAF_PAGES != 0)
        return ERR_INVALID;
    if (lent.pager != NULL)
        return ERR_LIMIT;
    if (!frames_take_tail(npages))
        return ERR_NOMEM;
    lent.pager = process;
    lent.first = first;
    lent.limit = limit;
    process->borrows = true;
    for (pfn_t frame = first; frame < limit; frame++)
        zero_frame(port_frame(frame));
    err_t error = port_endpoint_make(process);
    return error != 0 ? error : port_lend(process, first, npages);
}

void lend_return(struct process *process)
{
    for (pfn_t frame = lent.limit; frame > lent.first; frame--)
        frame_release(frame - 1);
    lent.pager = NULL;
    lent.first = lent.limit = NO_FRAME;
    process->borrows = false;
}

void lend_describe(struct boot_info *info)
{
    info->memory_first = lent.first;
    info->memory_npages = lent.limit - lent.first;
    info->image_npages = info->nothers = 0;
    info->console_address = info->console_irq = 0;
}

err_t lend_connect(struct process *process)
{
    if (lent.pager == NULL)
        return ERR_SEARCH;
    err_t error = port_endpoint_give(lent.pager, process, SLOT_SECOND);
    return error == ERR_CAPABILITY ? 0 : error; /* it has it */
}

void lend_frames(void (*owner)(pfn_t frame))
{
    for (pfn_t frame = lent.first; frame < lent.limit; frame++)
        owner(frame);
}
