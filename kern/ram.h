/* Whose the machine's memory is: what others keep | image and pool | the pager's runs. */
#pragma once
#include "../libsys/freestanding/abi.h"
#include "../libsys/freestanding/dt.h"

/* Fills in the runs of the pager, all memory, and where the archive is, which is moved if it does
 * not lie well in the largest run. Returns the physical address where the kernel's pool ends; it
 * begins behind the image. Ends the machine with a message where memory is too little. Physical
 * memory must be mapped where it is; the device tree may be overwritten. */
uint64_t ram_divide(const struct dt_machine *machine, struct boot_info *info);
