# Sourced by the scripts of this folder: unpacks pinned packages of Debian and runs what is in them.
# The outcome of a script is its status: 0 as described, 1 changed, 2 nothing could be learnt.
# shellcheck shell=bash
set -Eeuo pipefail
trap 'echo "failed: line $LINENO: $BASH_COMMAND" >&2; exit 2' ERR

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 2' HUP INT TERM
cd "$work"

unavailable() { # REASON...: this machine or the mirror does not have what the script needs
    echo "not available: $*" >&2
    exit 2
}

conclude() { # STATUS: 0 if all was seen as the script describes it
    if [[ $1 == 0 ]]; then
        echo "result: as described"
        exit 0
    fi
    echo "result: CHANGED, this is not what the script describes"
    exit 1
}

find_mirror() { # where apt gets Debian from: of its sources the first that has a plain suite
    # shellcheck disable=SC2016
    apt-get indextargets --no-release-info --format '$(RELEASE) $(SITE)' 'Created-By: Packages' |
        awk '$1 ~ /^(bookworm|trixie|forky|duke|sid|(old)*stable|testing|unstable)$/ && !site {
                 site = $2 }
             END { print site ? site : "http://deb.debian.org/debian" }'
}

quietly() { # its output is shown if it fails
    local output
    output=$("$@" 2>&1 </dev/null) || { echo "$output" >&2; unavailable "$*"; }
}

# Lists, cache and sources of its own for each suite: this machine's apt learns nothing of them.
use_suite() { # SUITE: fills the array `apt` with the options
    local state=$work/apt-$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # A mirror that is a snapshot keeps sid's Release file beyond the date until which it is valid.
    apt=(-qq -o Dir::State="$state" -o Dir::State::status="$state/status"
        -o Dir::Cache="$state/cache" -o Dir::Etc::SourceList="$state/sources.list"
        -o Dir::Etc::SourceParts=/dev/null -o Acquire::Check-Valid-Until=false
        -o Acquire::Languages=none -o APT::Sandbox::User= -o Debug::NoLocking=true)
    [[ ! -d $state ]] || return 0
    [[ -f $keyring ]] || unavailable "$keyring (package debian-archive-keyring)"
    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    touch "$state/status"
    echo "deb [signed-by=$keyring] $(find_mirror) $1 main" >"$state/sources.list"
    quietly apt-get "${apt[@]}" update
}

# Unpacks packages into $work/NAME: with --needed also those on which they depend, with --only the
# files under one path (`./usr/include`).
unpack() { # [--needed] [--only PATH] SUITE NAME PACKAGE[=VERSION]...
    local needed='' only=. suite name package packages apt
    if [[ $1 == --needed ]]; then needed=1 && shift; fi
    if [[ $1 == --only ]]; then only=$2 && shift 2; fi
    suite=$1 name=$2
    shift 2
    packages=("$@")
    use_suite "$suite"
    if [[ $needed ]]; then
        quietly apt-get "${apt[@]}" -s --no-install-recommends install "$@"
        mapfile -t packages < <(apt-get "${apt[@]}" -s --no-install-recommends install "$@" |
            awk '$1 == "Inst" { gsub(/[(]/, "", $3); print $2 "=" $3 }')
    fi
    mkdir -p "$work/$name.packages" "$work/$name"
    echo "fetching ${#packages[@]} packages of $suite for: $*" >&2
    cd "$work/$name.packages"
    quietly apt-get "${apt[@]}" download "${packages[@]}"
    cd "$work"
    for package in "$name.packages"/*.deb; do
        dpkg-deb --fsys-tarfile "$package" | tar -x --no-same-owner -C "$work/$name" "$only"
        rm "$package"
    done
}

# Runs a program of $work/NAME with the C library that came with it, whatever this machine has. The
# limit only guards against a program that does not end.
run() { # NAME PROGRAM ARGUMENT...
    local root=$work/$1 program=$2 loader libraries
    shift 2
    loader=$(find "$root" -type f -name 'ld*.so.[0-9]' -print -quit)
    [[ $loader ]] || unavailable "the dynamic loader of $root"
    libraries=$(dirname "$loader")
    libraries=$libraries:$root/usr/lib/${libraries##*/}:$root/lib/${libraries##*/}
    timeout 300 "$loader" --library-path "$libraries" "$root/$program" "$@"
}
