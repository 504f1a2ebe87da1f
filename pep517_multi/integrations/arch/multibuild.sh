# pep517-multi for makepkg. To be sourced in each function of a PKGBUILD that uses it, and not at its top, since makepkg
# reads a PKGBUILD before it installs the makedepends:
#
#     build() {
#         cd "$_name-$pkgver"
#         source "$(multibuild integration arch --path)"
#         multibuild_build
#     }
#
# What a PKGBUILD sets:
#     _multibuild_impls=(3.13 3.14 pypy3)   which implementations, the preferred CPython last of those
#     _multibuild_prefer=3.14               whose scripts have the plain names, if not the last CPython's
#     _multibuild_qa=fail                   warn or fail: build again for those who reuse a wheel, and compare
#     _multibuild_stage=(--compile 0,1,2)   options of staging, for packages and tests alike
# Further options that a function is given go to multibuild.

# usage: multibuild_build [OPTION…]
# Build the wheels with what is installed; nothing is fetched.
multibuild_build() {
    _multibuild build --no-isolation $(_multibuild_jobs) "$@" "${_multibuild_impls[@]/#/--impls=}"
    if [[ ${_multibuild_qa:-off} != off ]]; then
        _multibuild qa --qa "$_multibuild_qa" --no-isolation $(_multibuild_jobs) "$@" "${_multibuild_impls[@]/#/--impls=}"
    fi
}

# usage: multibuild_check [COMMAND [ARGUMENT…]]
# Stage below $srcdir, look at imports, bytecode and strays, and run a command for each implementation, with what is staged.
multibuild_check() {
    local impl
    _multibuild install $(_multibuild_jobs) "${_multibuild_stage[@]}" "${_multibuild_impls[@]/#/--impls=}"
    _multibuild check "${_multibuild_stage[@]}" "${_multibuild_impls[@]/#/--impls=}"
    if (($#)); then
        for impl in "${_multibuild_impls[@]}"; do
            _multibuild env --impls "$impl" "${_multibuild_stage[@]}" --exec -- "$@"
        done
    fi
}

# usage: multibuild_package [IMPL…] [OPTION…]
# Install what these implementations get, or all, into $pkgdir; licences go where Arch has them.
multibuild_package() {
    local impl impls=() prefer=${_multibuild_prefer:-}
    while (($#)) && [[ $1 != -* ]]; do
        impls+=("$1")
        shift
    done
    if ((${#impls[@]} == 0)); then
        impls=("${_multibuild_impls[@]}")
    fi
    if [[ -z $prefer ]]; then
        for impl in "${_multibuild_impls[@]}"; do
            [[ ${impl##*/} == p[py]* && ${impl##*/} != python* ]] || prefer=$impl
        done
    fi
    _multibuild install --destdir "$pkgdir" --strip record,direct-url --installer pacman \
        --license-dir "/usr/share/licenses/$pkgname" ${prefer:+--prefer "$prefer"} "${_multibuild_stage[@]}" \
        $(_multibuild_jobs) "$@" "${impls[@]/#/--impls=}"
}

_multibuild() {
    if ((${#_multibuild_impls[@]} == 0)); then
        error "_multibuild_impls is not set; say which implementations there are: _multibuild_impls=(3.13 3.14 pypy3)"
        return 2
    fi
    multibuild "$1" --workdir "$srcdir/multibuild" "${@:2}"
}

# As many jobs as MAKEFLAGS give other builds.
_multibuild_jobs() {
    if [[ ${MAKEFLAGS:-} =~ (^| )(-j *|--jobs=)([0-9]+) ]]; then
        printf '%s\n' -j "${BASH_REMATCH[3]}"
    fi
}
