#!/bin/bash
# cppcheck 2.17 calls a local register variable with an assembler name and a value a syntax error.
#
# `register unsigned long a __asm__("a0") = v;` is GNU C (gcc's manual: "Specifying Registers for
# Local Variables"); gcc and clang accept it, and so does cppcheck 2.10. After such an error
# cppcheck leaves the file unchecked.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/fetch.sh"

cat >register.c <<'END'
unsigned long same(unsigned long v)
{
    register unsigned long a __asm__("a0") = v;
    __asm__ volatile("" : "+r"(a));
    return a;
}
END

check() { # NAME: prints what that cppcheck says about the file
    # It looks for its library descriptions beside the name by which it was called.
    local data
    data=$(cd "$1" && find usr -path '*/cfg/std.cfg')
    data=${data%/cfg/std.cfg}
    ln -sf "$work/$1/usr/bin/cppcheck" "$1/$data/cppcheck"
    run "$1" "$data/cppcheck" --version
    run "$1" "$data/cppcheck" --quiet register.c 2>&1
}

libraries=(libc6 libstdc++6 libgcc-s1)
unpack bookworm old cppcheck=2.10-2 libtinyxml2-9 libpcre3 "${libraries[@]}"
unpack trixie new cppcheck=2.17.1-2 libtinyxml2-11 "${libraries[@]}"
old=$(check old)
new=$(check new)
cat register.c
printf '== %s\n' "$old" "$new"
[[ $old == 'Cppcheck 2.10' && $new == *register.c:*syntaxError* ]] && conclude 0
conclude 1
