#!/bin/bash
# gcc 14 keeps a constant on the stack in a loop around __atomic_exchange_n, with registers free.
#
# Where most registers are reserved by -ffixed-REG and the s-registers are scratch
# (-fcall-used-REG), gcc 14 loads the 1 that a test-and-set stores into a register, puts it on the
# stack, and reads it from there in each turn of the loop. Ten s-registers stay unused. gcc 12 makes
# no stack frame. The code is correct, but a function without a stack can't use the builtin.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/fetch.sh"

cat >exchange.c <<'END'
unsigned long word, taken;

int take(unsigned long number)
{
    if (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE) != 0) {
        unsigned tries = 0;
        while (__atomic_exchange_n(&word, 1, __ATOMIC_ACQUIRE) != 0)
            if (++tries == 300)
                return 0;
    }
    taken = number;
    return 1;
}
END
flags=(-O2 -march=rv64imac -mabi=lp64 -mcmodel=medany -fstack-usage)
for register in a{0..6} t{0..3} s0; do flags+=("-ffixed-$register"); done
for register in s{1..11}; do flags+=("-fcall-used-$register"); done

stack_of() { # NAME: prints the bytes of stack of the function, as that compiler tells them
    run "$1" "$(cd "$1" && find usr -type f -name cc1)" -quiet "${flags[@]}" -dumpbase "$1" \
        exchange.c -o "$1.s"
    cut -f 2 "$1.su"
}

unpack --needed bookworm gcc12 gcc-riscv64-unknown-elf=12.2.0-14+deb12u1+11+b2
unpack --needed trixie gcc14 gcc-riscv64-unknown-elf=14.2.0+19
old=$(stack_of gcc12)
new=$(stack_of gcc14)
for compiler in gcc12 gcc14; do
    echo "== $(sed -n 's/.*\.ident//p' $compiler.s), take: $(cut -f 2 $compiler.su) bytes of stack"
    sed -n '/^take:/,/\.size/p' $compiler.s
done
through_stack=$(grep -cE '\b(sd|ld)\b.*\(sp\)' gcc14.s || true)
echo "stores to and loads from the stack with gcc 14: $through_stack"
[[ $old == 0 && $new -gt 0 && $through_stack -ge 2 ]] && conclude 0
conclude 1
