#!/bin/bash
# clang-tidy 19's cert-err33-c takes every function whose name begins like a standard one for it.
#
# The check warns where the result of a standard function such as time() is thrown away. In 19 its
# list has patterns without an end (`^::time`), so timer_start() and clock_tick() of one's own are
# reported too. 14 compares whole names, and in 21 the patterns end in `$`.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/fetch.sh"

cat >own.c <<'END'
int timer_start(int);
int clock_tick(void);
int own(void);

int main(void)
{
    timer_start(1);
    clock_tick();
    own();
    return 0;
}
END

reports() { # VERSION: prints the numbers of the lines for which that clang-tidy has a warning
    run "tidy$1" "usr/bin/clang-tidy-$1" --quiet --checks=-*,cert-err33-c own.c -- 2>/dev/null |
        tee "said$1" | sed -n 's/^.*own\.c:\([0-9]*\):.* warning: .*/\1/p' | xargs
}

libraries=(libc6 libstdc++6 libgcc-s1 libz3-4 libedit2 libbsd0 libmd0 liblzma5 zlib1g libffi8
    libzstd1)
for want in '14 bookworm 1:14.0.6-12 libtinfo6 libxml2 libicu72' \
    '19 trixie 1:19.1.7-3+b1 libtinfo6 libxml2' '21 sid 1:21.1.8-14 libtinfo6 libxml2-16'; do
    read -r version suite exact more <<<"$want"
    # shellcheck disable=SC2086
    unpack "$suite" "tidy$version" "clang-tidy-$version=$exact" "libllvm$version=$exact" \
        "libclang-cpp$version=$exact" "${libraries[@]}" $more
done
seen=
for version in 14 19 21; do
    run tidy$version usr/bin/clang-tidy-$version --version | grep version
    seen+="$version: $(reports $version)"$'\n'
    cat said$version
done
printf 'lines with a warning:\n%s' "$seen"
[[ $seen == $'14: \n19: 7 8\n21: \n' ]] && conclude 0
conclude 1
