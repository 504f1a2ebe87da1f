# pep517-multi for makepkg. Source it in the functions of a PKGBUILD that use it, not at its top: makepkg reads a
# PKGBUILD before it installs the makedepends.
#
#     _multibuild_impls=(3.12 3.13 pypy3)   # which implementations; all installed ones without it
#
#     build()             { cd "$pkgbase-$pkgver"; . "$(multibuild integration arch --path)"; multibuild_build; }
#     package_python-x()  { cd "$pkgbase-$pkgver"; . "$(multibuild integration arch --path)"; multibuild_package 3.13; }
#
# Whatever else is given to a function goes to multibuild.

# usage: multibuild_build [OPTION…]
# Build the wheels, with what is installed; nothing is fetched.
multibuild_build() {
    multibuild build --workdir "$srcdir/multibuild" --no-isolation \
        ${_multibuild_impls:+--impls "${_multibuild_impls[@]}"} "$@"
}

# usage: multibuild_package IMPL [OPTION…]
# Install what one implementation gets into $pkgdir.
multibuild_package() {
    local impl=$1
    shift
    multibuild install --workdir "$srcdir/multibuild" --impls "$impl" --destdir "$pkgdir" "$@"
}
