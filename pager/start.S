/* The pager's first instruction: a0 = address of the boot information, sp is set. */
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    call    server_main
