/* A firmware in uncompressed code, for a processor without the C extension: those of Debian are compressed and
 * stop there in silence. It starts the kernel in S-mode, prints characters and ends QEMU's board with a failure.
 * Its calls: legacy putchar, and system reset, which is any other. */
#define KERNEL   0x80200000
#define SERIAL   0x10000000
#define TESTER   0x100000
#define FAILED   0x13333 /* exit status 1 */
#define MPP_S    0x800
#define ALL_ELSE 0xfffffffffffffdff /* exceptions for S-mode: all but its own calls */

    .option norvc
    .text
    .globl  _start
_start:
    la      t0, trap
    csrw    mtvec, t0
    li      t0, -1 /* all of memory, read, written and executed */
    csrw    pmpaddr0, t0
    li      t0, 0x1f
    csrw    pmpcfg0, t0
    li      t0, ALL_ELSE
    csrw    medeleg, t0
    li      t0, MPP_S
    csrw    mstatus, t0
    li      t0, KERNEL
    csrw    mepc, t0
    mret

    .balign 4
trap:
    csrr    t5, mepc
    addi    t5, t5, 4
    csrw    mepc, t5
    addi    t5, a7, -1
    bnez    t5, reset
    li      t5, SERIAL
    sb      a0, 0(t5)
    mret

reset:
    li      t5, TESTER
    li      t6, FAILED
    sw      t6, 0(t5)
1:  j       1b
