/* int libsys_copy(void *to, const void *from, size_t nbytes): 0, or -1 if either can't be accessed.
 * int libsys_probe(void *first, void *last): 0, or -1 if one of the two bytes can't be stored to. They
 * stay as they are, even if another thread stores to them meanwhile.
 *
 * The linker script names this section in the ELF file: an invalid access from in here goes on at its
 * start. It has no frame, so that ra and sp are the caller's wherever it stopped. */
    .section .text.landing, "ax"
    .globl libsys_copy, libsys_probe
wraps:
    li      a0, -1
    ret
libsys_copy:
    add     a3, a0, a2          /* end */
    bltu    a3, a0, wraps
    or      a4, a0, a1
    andi    a4, a4, 7
    bnez    a4, bytes
    andi    a4, a2, -64
    add     a4, a0, a4
    beq     a0, a4, words
turn:
    ld      t0, 0(a1)
    ld      t1, 8(a1)
    ld      t2, 16(a1)
    ld      t3, 24(a1)
    ld      t4, 32(a1)
    ld      t5, 40(a1)
    ld      t6, 48(a1)
    ld      a5, 56(a1)
    sd      t0, 0(a0)
    sd      t1, 8(a0)
    sd      t2, 16(a0)
    sd      t3, 24(a0)
    sd      t4, 32(a0)
    sd      t5, 40(a0)
    sd      t6, 48(a0)
    sd      a5, 56(a0)
    addi    a0, a0, 64
    addi    a1, a1, 64
    bne     a0, a4, turn
words:
    andi    a4, a3, -8
    bgeu    a0, a4, bytes
word:
    ld      t0, 0(a1)
    sd      t0, 0(a0)
    addi    a0, a0, 8
    addi    a1, a1, 8
    bltu    a0, a4, word
bytes:
    bgeu    a0, a3, done
byte:
    lbu     t0, 0(a1)
    sb      t0, 0(a0)
    addi    a0, a0, 1
    addi    a1, a1, 1
    bltu    a0, a3, byte
done:
    li      a0, 0
    ret
libsys_probe:
    andi    a0, a0, -4
    andi    a1, a1, -4
    amoor.w zero, zero, (a0)
    amoor.w zero, zero, (a1)
    li      a0, 0
    ret
