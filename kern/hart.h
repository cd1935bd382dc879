/* Harts: starting one, and what each does first. */
#pragma once
#include "thread.h"

/* In hart.S. hart_start's physical address is where the firmware starts a hart, with its struct
 * hart as the opaque word; hart_run leaves the boot stack for the hart's own. */
void hart_start(void);
_Noreturn void hart_run(struct hart *hart);

/* On the hart's own stack, tp set: leaves the boot tables, and with them all memory but the
 * kernel's. */
_Noreturn void hart_main(void);
