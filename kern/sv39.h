/* Formats of page-table entries and of satp.
 * Source: The RISC-V Instruction Set Manual, Volume II, section 4.4 (Sv39). */
#pragma once

/* Sv39 page-table entry:   63..54  53......10  9..8  7 6 5 4 3 2 1 0
 *                          reserved  frame      soft  D A G U X W R V   */
#define PTE_V           1ul
#define PTE_R           2ul
#define PTE_W           4ul
#define PTE_X           8ul
#define PTE_U           16ul
#define PTE_G           32ul
#define PTE_A           64ul
#define PTE_D           128ul
#define PTE_FRAME_SHIFT 10

#define SATP_SV39       (8ul << 60)
#define SATP_ASID_SHIFT 44
#define SATP_FRAME_MASK ((1ul << 44) - 1)
