/* A program's first instruction: a0 = address of its argument block, sp is just below it. */
    .section .text.start, "ax"
    .globl _start
_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    la      tp, __tls_block
    call    libsys_start

    .globl libsys_thread_start
/* A further thread: a0 = its function's argument, a1 = its number; the function is on its stack. */
libsys_thread_start:
    .option push
    .option norelax
    la      gp, __global_pointer$
    .option pop
    mv      s0, a1
    ld      t0, 0(sp)
    jalr    t0
    mv      a0, s0
    call    libsys_thread_end
