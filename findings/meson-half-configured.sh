#!/bin/bash
# meson: a second `setup` of a directory without build.ninja says "already configured", status 0.
#
# meson stores its own data (meson-private/coredata.dat) before it writes build.ninja. A setup that
# is ended between the two leaves a directory that can't be built, and `meson setup DIR` neither
# repairs nor refuses it: it advises to run ninja, which finds no build.ninja. 1.0.1, 1.7.0 and
# 1.12.1 do the same. `meson setup --reconfigure DIR` helps. This script removes build.ninja by hand
# to come to that state.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$(realpath "$0")")/fetch.sh"

[[ $(type -P python3) ]] || unavailable "python3"
unpack sid ninja ninja-build=1.13.2-1 libc6 libstdc++6 libgcc-s1
printf '#!/bin/bash\nwork=%q\n%s\nrun ninja usr/bin/ninja "$@"\n' "$work" "$(declare -f run)" >call
chmod +x call
printf "project('half')\n" >meson.build

meson() { # VERSION ARGUMENT...
    local root=$work/meson-$1
    shift
    env LC_ALL=C.UTF-8 NINJA="$work/call" PYTHONPATH="$root/usr/lib/python3/dist-packages" \
        python3 "$root/usr/bin/meson" "$@"
}

again() { # VERSION: shows what a second setup says and what it leaves; counts it if as described
    local status=0 said
    echo "== meson $(meson "$1" --version)"
    meson "$1" setup "build-$1" >first 2>&1
    rm "build-$1/build.ninja"
    said=$(meson "$1" setup "build-$1" 2>&1) || status=$?
    echo "$said"
    echo "status $status, in the directory: $(cd "build-$1" && echo *)"
    if [[ $status == 0 && $said == *'already configured'* && ! -e build-$1/build.ninja ]]; then
        as_described=$((as_described + 1))
    fi
    meson "$1" setup --reconfigure "build-$1" >reconfigured 2>&1 || true
    echo "after --reconfigure: $(cd "build-$1" && echo *)"
}

as_described=0
for want in 'bookworm 1.0.1-5' 'trixie 1.7.0-1' 'sid 1.12.1-2'; do
    read -r suite version <<<"$want"
    unpack "$suite" "meson-${version%-*}" "meson=$version"
    again "${version%-*}"
done
[[ $as_described == 3 ]] && conclude 0
conclude 1
