#!/bin/bash
# clang-format accepts a reason after `// clang-format off:`, from 17 on, but in no /* comment */.
#
# `// clang-format off: reason` switches formatting off from 17 on; up to 16 the same line is an
# ordinary comment. `/* clang-format off: reason */` is an ordinary comment for all (14 to 21 were
# tried): what follows is formatted without a word. `/* clang-format off */` works everywhere.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/fetch.sh"

table=$'int   table[] = {1,\n 2};\n'
printf '// clang-format off: a table\n%s' "$table" >line.c
printf '/* clang-format off: a table */\n%s' "$table" >block.c
printf '/* clang-format off */\n%s' "$table" >bare.c

kept() { # VERSION: prints for each file whether its table stays as it is
    local file
    for file in line block bare; do
        if run "format$1" "usr/bin/clang-format-$1" $file.c | cmp -s - $file.c; then
            echo "$file:kept"
        else
            echo "$file:formatted"
        fi
    done | xargs
}

libraries=(libc6 libstdc++6 libgcc-s1 libz3-4 libedit2 libbsd0 libmd0 libtinfo6 libxml2 liblzma5
    zlib1g libffi8 libzstd1)
exact=1:16.0.6-15~deb12u1
unpack bookworm format16 clang-format-16=$exact libllvm16=$exact libclang-cpp16=$exact libicu72 \
    "${libraries[@]}"
exact=1:17.0.6-22+b2
unpack trixie format17 clang-format-17=$exact libllvm17t64=$exact libclang-cpp17t64=$exact \
    "${libraries[@]}"
head -3 line.c block.c bare.c
for version in 16 17; do
    run format$version usr/bin/clang-format-$version --version
    kept $version | tee $version.kept
done
[[ $(cat 16.kept) == 'line:formatted block:formatted bare:kept' &&
    $(cat 17.kept) == 'line:kept block:formatted bare:kept' ]] && conclude 0
conclude 1
