/* Starts the first program of the boot archive: the pager, which has no pager. */
#pragma once
#include "abi.h"

/* Loads it into the first of its frames, with a capability to all of them, its own space, devices
 * and control, and makes its thread ready. Ends the machine with a message if the archive is bad.
 * Physical memory must still be mapped where it is. */
void boot_start_pager(struct boot_info *info);

_Noreturn void boot_fail(const char *what, const char *why);
