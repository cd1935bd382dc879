/* Addresses that programs try in vain. Programs' end at KERNBASE here; the page below, the highest
 * that a heap must leave free, is the one shared with the files server. */
#pragma once

#define KERNBASE   0x80000000L /* = MAXVA - PGSIZE */
#define PHYSTOP    (KERNBASE + 128 * 1024 * 1024)
#define TRAMPOLINE (MAXVA - PGSIZE)
#define TRAPFRAME  (TRAMPOLINE - PGSIZE)
