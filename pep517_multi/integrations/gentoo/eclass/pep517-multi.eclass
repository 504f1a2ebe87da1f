# Copyright the pep517-multi developers
# SPDX-License-Identifier: MIT

# @ECLASS: pep517-multi.eclass
# @MAINTAINER:
# the pep517-multi developers
# @SUPPORTED_EAPIS: 8 9
# @BLURB: Build a Python package once for many implementations, with multibuild.
# @DESCRIPTION:
# Builds wheels of one source tree for all enabled Python implementations, as
# often as needed and no more, tests what would be installed under each of
# them, and installs it in the layout of python-exec.
#
# The eclass sets IUSE, REQUIRED_USE, RDEPEND, BDEPEND and, for extension
# modules, DEPEND, and exports src_prepare, src_configure, src_compile, src_test
# and src_install. An ebuild that defines one of these calls ours in it. They work
# on the source in the current directory, which is S unless an ebuild leaves it.
#
# An ebuild may define three hooks. Each runs once for every implementation,
# with EPYTHON and PYTHON exported:
#
# - pep517-multi_prepare_impl, in a copy of the source that only this
#   implementation is built from;
#
# - pep517-multi_test_impl, with what was built in front on PATH and sys.path;
#
# - pep517-multi_install_impl, when the wheels are in the image.
# @EXAMPLE:
# @CODE
# EAPI=8
# PYTHON_COMPAT=( python3_{11..14} pypy3_11 )
# PEP517_MULTI_BACKEND=flit
# inherit pep517-multi
# ...
# pep517-multi_enable_tests pytest
# @CODE

case ${EAPI} in
	8|9) ;;
	*) die "${ECLASS}: EAPI ${EAPI:-0} is not supported" ;;
esac

if [[ -z ${_PEP517_MULTI_ECLASS} ]]; then
_PEP517_MULTI_ECLASS=1

# @ECLASS_VARIABLE: PYTHON_COMPAT
# @REQUIRED
# @PRE_INHERIT
# @DESCRIPTION:
# The implementations that the package supports, as in python-r1.eclass:
# ( python3_{11..14} python3_14t pypy3_11 ). The order does not matter. Names
# that the tree no longer has do no harm, since nobody can enable them.

# @ECLASS_VARIABLE: PYTHON_COMPAT_OVERRIDE
# @USER_VARIABLE
# @DEFAULT_UNSET
# @DESCRIPTION:
# Build for these implementations, whatever PYTHON_COMPAT and USE say. For
# experiments from the command line only.

# @ECLASS_VARIABLE: PYTHON_REQ_USE
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# USE flags that the interpreters need, for the dependencies on them: "sqlite".

# @ECLASS_VARIABLE: PEP517_MULTI_BACKEND
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# The build backend, for BDEPEND: flit, hatchling, maturin, meson-python, pbr,
# pdm-backend, poetry, scikit-build-core, setuptools, sip or uv-build. Without
# it, or with "standalone", the ebuild lists its build requirements itself.

# @ECLASS_VARIABLE: PEP517_MULTI_EXT
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# Set to 1 if the package builds extension modules: the interpreters go into
# DEPEND as well, a wheel without any extension module is an error, and only
# wheels for the stable ABI are shared. Set to 0 if it builds none. If unset,
# multibuild finds out from the source, and DEPEND stays as it is.

# @ECLASS_VARIABLE: PEP517_MULTI_IMPURE
# @DEFAULT_UNSET
# @DESCRIPTION:
# Set to 1 if what is built depends on the implementation that builds it in a
# way that multibuild cannot see. Every implementation then builds for itself.

# @ECLASS_VARIABLE: PEP517_MULTI_SINGLE_IMPL
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# Set to 1 to build for one implementation, chosen by PYTHON_SINGLE_TARGET.

# @ECLASS_VARIABLE: PEP517_MULTI_OPTIONAL
# @PRE_INHERIT
# @DEFAULT_UNSET
# @DESCRIPTION:
# Set to 1 if Python support is optional, or only a part of the package. Nothing
# but IUSE is set then and no phase is exported: use PYTHON_DEPS,
# PYTHON_REQUIRED_USE and PEP517_MULTI_DEPS, and call the phases.

# @ECLASS_VARIABLE: PEP517_MULTI_ARGS
# @DEFAULT_UNSET
# @DESCRIPTION:
# An array of more options for "multibuild build", among them settings of the
# backend: ( -C setup-args=-Dtests=false ).

# @ECLASS_VARIABLE: PEP517_MULTI_INSTALL_ARGS
# @DEFAULT_UNSET
# @DESCRIPTION:
# An array of more options for "multibuild install": ( --strip tests ).

# @ECLASS_VARIABLE: PEP517_MULTI_REUSE
# @USER_VARIABLE
# @DESCRIPTION:
# Whether one implementation may use the wheel of another where that is known to
# be right. Empty: every implementation builds for itself.
: "${PEP517_MULTI_REUSE=1}"

# @ECLASS_VARIABLE: PEP517_MULTI_QA
# @USER_VARIABLE
# @DESCRIPTION:
# "warn": whoever uses the wheel of another builds all the same, and what differs
# is a QA notice. "fail": it ends the build, and so does any finding of the checks
# of the image. "off", the default: there are only these checks, and notices.
: "${PEP517_MULTI_QA=off}"

# @ECLASS_VARIABLE: PEP517_MULTI_INTERPRETERS
# @USER_VARIABLE
# @DEFAULT_UNSET
# @DESCRIPTION:
# Interpreters that are not where Gentoo puts them, with blanks between:
# "python3.12=/opt/python/bin/python3.12 pypy3.11=/opt/pypy/bin/pypy3". All others
# are ${BROOT}/usr/bin/${EPYTHON}. A virtual environment's python may be given; it
# builds with the backends installed there.

# @ECLASS_VARIABLE: PYTHON_DEPS
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# Dependencies on the enabled implementations, and on python-exec.

# @ECLASS_VARIABLE: PYTHON_USEDEP
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# For dependencies on other Python packages, which have to be there for the same
# implementations: dev-python/idna[${PYTHON_USEDEP}]. With
# PEP517_MULTI_SINGLE_IMPL there is none outside pep517-multi_gen_cond_dep.

# @ECLASS_VARIABLE: PYTHON_SINGLE_USEDEP
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# With PEP517_MULTI_SINGLE_IMPL: the same for packages of a single implementation.

# @ECLASS_VARIABLE: PYTHON_REQUIRED_USE
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# That at least one implementation is enabled; with PEP517_MULTI_SINGLE_IMPL,
# exactly one.

# @ECLASS_VARIABLE: PEP517_MULTI_DEPS
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# multibuild and the build backend, for BDEPEND.

# @ECLASS_VARIABLE: EPYTHON
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# In hooks: the name of the implementation, as in python3.12 and pypy3.11.

# @ECLASS_VARIABLE: PYTHON
# @OUTPUT_VARIABLE
# @DESCRIPTION:
# In hooks: the path of its interpreter.

# @ECLASS_VARIABLE: _PEP517_MULTI_IMPLS
# @INTERNAL
# @DESCRIPTION:
# The implementations of PYTHON_COMPAT, the most preferred last.

# @ECLASS_VARIABLE: _PEP517_MULTI_RUNNER
# @INTERNAL
# @DESCRIPTION:
# What pep517-multi_enable_tests was called with.

# @ECLASS_VARIABLE: _PEP517_MULTI_TOLERATED
# @INTERNAL
# @DESCRIPTION:
# An exit code of multibuild that is no reason to die: 1, where findings were shown.

# @ECLASS_VARIABLE: _PEP517_MULTI_ONLY
# @INTERNAL
# @DESCRIPTION:
# Whom a phase function was called for, if not for all.

# @FUNCTION: _pep517-multi_rank
# @USAGE: <implementation>
# @INTERNAL
# @DESCRIPTION:
# Set rank to a number that grows with preference, in the order of python-r1:
# PyPy, free-threaded CPython, CPython, older ones first. Names of long ago have
# none.
_pep517-multi_rank() {
	rank=
	[[ ${1} =~ ^(pypy|python)3_([0-9]+)(t?)$ ]] || case ${1} in
		pypy|pypy3|pypy[12]_*|python2_*|jython*) return ;;
		*) die "PYTHON_COMPAT has '${1}', which is no implementation; they look like python3_12, python3_14t, pypy3_11" ;;
	esac
	rank=$(( BASH_REMATCH[2] + 1000 ))
	[[ ${BASH_REMATCH[1]} == python ]] && (( rank += 1000 ))
	[[ ${BASH_REMATCH[1]}${BASH_REMATCH[3]} == python ]] && (( rank += 1000 ))
	return 0
}

# @FUNCTION: _pep517-multi_sort
# @USAGE: <implementation>...
# @INTERNAL
# @DESCRIPTION:
# Set sorted to these, the most preferred last, each once.
_pep517-multi_sort() {
	local impl rank ranked=()
	for impl; do
		_pep517-multi_rank "${impl}"
		[[ ${rank} ]] && ranked[rank]=${impl}
	done
	sorted=( "${ranked[@]}" )
}

# @FUNCTION: _pep517-multi_backend_deps
# @INTERNAL
# @DESCRIPTION:
# Set backend to the packages of PEP517_MULTI_BACKEND, without USE dependencies.
_pep517-multi_backend_deps() {
	case ${PEP517_MULTI_BACKEND} in
		""|standalone) backend=() ;;
		flit|flit-core) backend=( dev-python/flit-core ) ;;
		maturin) backend=( dev-util/maturin ) ;;
		pbr) backend=( dev-python/pbr dev-python/setuptools ) ;;
		poetry|poetry-core) backend=( dev-python/poetry-core ) ;;
		hatchling|meson-python|pdm-backend|scikit-build-core|setuptools|sip|uv-build)
			backend=( "dev-python/${PEP517_MULTI_BACKEND}" ) ;;
		*) die "PEP517_MULTI_BACKEND is '${PEP517_MULTI_BACKEND}', which is unknown; list it in BDEPEND, and say standalone" ;;
	esac
}

# @FUNCTION: _pep517-multi_has_ext
# @INTERNAL
# @DESCRIPTION:
# Whether the ebuild says that there are extension modules.
_pep517-multi_has_ext() {
	[[ ${PEP517_MULTI_EXT:-auto} != @(auto|0|no|off|false) ]]
}

# @FUNCTION: _pep517-multi_set_globals
# @INTERNAL
# @DESCRIPTION:
# Set the metadata of the ebuild.
_pep517-multi_set_globals() {
	[[ ${PYTHON_COMPAT@a} == *a* ]] || die "PYTHON_COMPAT must be set, as an array, before pep517-multi is inherited"
	local sorted backend flags=() usedeps=() impl name package prefix=python_targets
	_pep517-multi_sort "${PYTHON_COMPAT[@]}"
	(( ${#sorted[@]} )) || die "PYTHON_COMPAT has no implementation that is still supported"
	_PEP517_MULTI_IMPLS=( "${sorted[@]}" )
	[[ ${PEP517_MULTI_SINGLE_IMPL} ]] && prefix=python_single_target

	PYTHON_DEPS=
	for impl in "${_PEP517_MULTI_IMPLS[@]}"; do
		flags+=( "${prefix}_${impl}" )
		usedeps+=( "${prefix}_${impl}(-)?" )
		name=${impl/_/.}
		case ${impl} in
			pypy*) package="dev-lang/pypy:${name#pypy}=" ;;
			*) package="dev-lang/python:${name#python}" ;;
		esac
		PYTHON_DEPS+="${prefix}_${impl}? ( ${package}${PYTHON_REQ_USE:+[${PYTHON_REQ_USE}]} ) "
	done

	local usedep
	printf -v usedep "%s," "${usedeps[@]}"
	usedep=${usedep%,}
	IUSE="${flags[*]}"
	_pep517-multi_backend_deps
	PEP517_MULTI_DEPS="dev-python/pep517-multi"
	if [[ ${PEP517_MULTI_SINGLE_IMPL} ]]; then
		PYTHON_SINGLE_USEDEP=${usedep}
		PYTHON_REQUIRED_USE="^^ ( ${flags[*]} )"
		PYTHON_DEPS+="$(pep517-multi_gen_cond_dep '>=dev-lang/python-exec-2:=[${PYTHON_USEDEP}]')"
		for package in "${backend[@]}"; do
			PEP517_MULTI_DEPS+=" $(pep517-multi_gen_cond_dep "${package}"'[${PYTHON_USEDEP}]')"
		done
	else
		PYTHON_USEDEP=${usedep}
		PYTHON_REQUIRED_USE="|| ( ${flags[*]} )"
		PYTHON_DEPS+=">=dev-lang/python-exec-2:=[${PYTHON_USEDEP}]"
		for package in "${backend[@]}"; do
			PEP517_MULTI_DEPS+=" ${package}[${PYTHON_USEDEP}]"
		done
	fi

	[[ ${PEP517_MULTI_OPTIONAL} ]] && return
	REQUIRED_USE=${PYTHON_REQUIRED_USE}
	RDEPEND=${PYTHON_DEPS}
	BDEPEND="${PYTHON_DEPS} ${PEP517_MULTI_DEPS}"
	if _pep517-multi_has_ext; then
		DEPEND=${PYTHON_DEPS}
	fi
}

# @FUNCTION: pep517-multi_gen_cond_dep
# @USAGE: <dependency> [<pattern>...]
# @DESCRIPTION:
# Print the dependency for each implementation that matches a pattern (3.11,
# python3_1[12], pypy3*; all by default), on condition that it is enabled. Quote it
# with single quotes: ${PYTHON_USEDEP} and ${PYTHON_SINGLE_USEDEP} in it become
# those of the one implementation.
# @CODE
# RDEPEND="$(pep517-multi_gen_cond_dep 'dev-python/tomli[${PYTHON_USEDEP}]' 3.10)"
# @CODE
pep517-multi_gen_cond_dep() {
	local dep=${1} impl pattern output=() prefix=python_targets single
	shift
	[[ ${PEP517_MULTI_SINGLE_IMPL} ]] && prefix=python_single_target
	for impl in "${_PEP517_MULTI_IMPLS[@]}"; do
		for pattern in "${@:-*}"; do
			[[ ${pattern} == [0-9]* ]] && pattern=python${pattern//./_}
			[[ ${impl} == ${pattern} ]] || continue
			single=${dep//'${PYTHON_SINGLE_USEDEP}'/"python_single_target_${impl}(-)"}
			output+=( "${prefix}_${impl}? ( ${single//'${PYTHON_USEDEP}'/"python_targets_${impl}(-)"} )" )
			break
		done
	done
	echo "${output[*]}"
}

# @FUNCTION: pep517-multi_enable_tests
# @USAGE: <runner>
# @DESCRIPTION:
# Let src_test run a test runner: "pytest" or "unittest". To be called when RDEPEND
# is set: with the flag test, which is added, BDEPEND has all of it as well.
pep517-multi_enable_tests() {
	local deps=${RDEPEND}
	case ${1} in
		pytest)
			if [[ ${PEP517_MULTI_SINGLE_IMPL} ]]; then
				deps+=" $(pep517-multi_gen_cond_dep 'dev-python/pytest[${PYTHON_USEDEP}]')"
			else
				deps+=" dev-python/pytest[${PYTHON_USEDEP}]"
			fi
			;;
		unittest) ;;
		*) die "${FUNCNAME} takes pytest or unittest, not '${1}'" ;;
	esac
	_PEP517_MULTI_RUNNER=${1}
	IUSE+=" test"
	RESTRICT+=" !test? ( test )"
	[[ ${deps} ]] && BDEPEND+=" test? ( ${deps} )"
	return 0
}

# @FUNCTION: pep517-multi_impls
# @DESCRIPTION:
# Print the names of the enabled implementations (python3.12), the most preferred
# last. In a phase function that was called for some, print these.
pep517-multi_impls() {
	local impl sorted=() prefix=python_targets enabled=()
	if [[ ${_PEP517_MULTI_ONLY} ]]; then
		enabled=( ${_PEP517_MULTI_ONLY} )
	elif [[ ${PYTHON_COMPAT_OVERRIDE} ]]; then
		_pep517-multi_sort ${PYTHON_COMPAT_OVERRIDE}
		enabled=( "${sorted[@]/_/.}" )
	else
		[[ ${PEP517_MULTI_SINGLE_IMPL} ]] && prefix=python_single_target
		for impl in "${_PEP517_MULTI_IMPLS[@]}"; do
			use "${prefix}_${impl}" && enabled+=( "${impl/_/.}" )
		done
	fi
	(( ${#enabled[@]} )) || die "no Python implementation is enabled; set ${prefix^^}, or a flag ${prefix}_... of the package"
	echo "${enabled[*]}"
}

# @FUNCTION: pep517-multi_interpreter
# @USAGE: [<implementation>]
# @DESCRIPTION:
# Print the path of the interpreter of python3.12, or of EPYTHON.
pep517-multi_interpreter() {
	local name=${1:-${EPYTHON}} path=${BROOT}/usr/bin/${1:-${EPYTHON}} pair
	for pair in ${PEP517_MULTI_INTERPRETERS}; do
		[[ ${pair%%=*} == "${name}" ]] && path=${pair#*=}
	done
	[[ -x ${path} ]] || die "there is no interpreter ${path} of ${name}; install it, or name its path in PEP517_MULTI_INTERPRETERS"
	echo "${path}"
}

# @FUNCTION: pep517-multi_foreach_impl
# @USAGE: <command> [<argument>...]
# @DESCRIPTION:
# Run the command for every enabled implementation, with EPYTHON and PYTHON
# exported, until it fails for one.
pep517-multi_foreach_impl() {
	local -x EPYTHON PYTHON
	for EPYTHON in $(pep517-multi_impls); do
		PYTHON=$(pep517-multi_interpreter) || die
		"${@}" || return
	done
}

# @FUNCTION: pep517-multi_source
# @DESCRIPTION:
# Print where the source of EPYTHON is: the copy that was made for
# pep517-multi_prepare_impl, otherwise the current directory.
pep517-multi_source() {
	local copy=${T}/pep517-multi/${EPYTHON}/${PWD##*/}
	[[ -d ${copy} ]] && echo "${copy}" || echo "${PWD}"
}

# @FUNCTION: pep517-multi_sitedir
# @DESCRIPTION:
# Print the site-packages of EPYTHON, as they are once installed, EPREFIX and all.
pep517-multi_sitedir() {
	"$(pep517-multi_interpreter)" -I - "${EPREFIX}/usr" <<-EOF || die
		import sys, sysconfig
		print(sysconfig.get_path("purelib", "posix_prefix", vars={"base": sys.argv[1]}))
	EOF
}

# @FUNCTION: _pep517-multi_jobs
# @INTERNAL
# @DESCRIPTION:
# Set jobs to the options that bound the work as MAKEOPTS does.
_pep517-multi_jobs() {
	local word before= number=1
	for word in ${MAKEOPTS} end; do
		if [[ ${before} == @(-j|--jobs) ]]; then
			number= # as many as there are cores, unless a number follows
			[[ ${word} =~ ^[0-9]+$ ]] && number=${word}
		elif [[ ${word} =~ ^(-j|--jobs=)([0-9]+)$ ]]; then
			number=${BASH_REMATCH[2]}
		fi
		before=${word}
	done
	jobs=( ${number:+-j "${number}"} )
}

# @FUNCTION: _pep517-multi_sysroot
# @INTERNAL
# @DESCRIPTION:
# Set sysroot to the options of a cross build; to none in others.
_pep517-multi_sysroot() {
	sysroot=()
	[[ ${CBUILD:-${CHOST}} == "${CHOST}" ]] || sysroot=( --sysroot "${SYSROOT:-/}" )
}

# @FUNCTION: _pep517-multi_exec
# @USAGE: <command> [<argument>...]
# @INTERNAL
# @DESCRIPTION:
# Become the command, with all exported that builds need, and nothing by which
# multibuild would take variables of this eclass for its own, or by which
# python-exec would choose its interpreter.
_pep517-multi_exec() {
	local variable tool
	unset -v EPYTHON PYTHON PYTHON_COMPAT_OVERRIDE
	unset -v PEP517_MULTI_{REUSE,EXT,QA,ARGS,INSTALL_ARGS,BACKEND,IMPURE,INTERPRETERS,OPTIONAL,SINGLE_IMPL}
	for tool in CC:gcc CXX:g++ CPP:cpp AR:ar PKG_CONFIG:pkg-config; do
		variable=${tool%%:*} tool=${CHOST}-${tool#*:}
		[[ -z ${!variable} && ${CHOST} ]] && type -P "${tool}" >/dev/null && printf -v "${variable}" %s "${tool}"
		[[ ${!variable} ]] && export "${variable}"
	done
	# what backends would fetch from the network, or refuse for the sake of uploads
	export FLIT_ALLOW_INVALID=1 HATCH_METADATA_CLASSIFIERS_NO_VERIFY=1
	export VALIDATE_PYPROJECT_NO_NETWORK=1 VALIDATE_PYPROJECT_NO_TROVE_CLASSIFIERS=1
	exec "${@}"
}

# @FUNCTION: _pep517-multi_show
# @INTERNAL
# @DESCRIPTION:
# Pass on what multibuild says on standard input: findings as QA notices. What tells
# best why it failed, if it does, is left in a file, for die.
_pep517-multi_show() {
	local line= last= error= finding=
	trap "" INT TERM HUP # whatever ends multibuild, its last words are to be heard
	while IFS= read -r line || [[ ${line} ]]; do
		last=${line}
		case ${line} in
			" "*) ;;
			*": failed: "*|"multibuild: error: "*) : "${error:=${line}}" ;;
			*": warning: "*|*": error: "*) : "${finding:=${line}}"; eqawarn "${line}"; continue ;;
		esac
		printf "%s\n" "${line}" >&2
	done
	echo "${error:-${finding:-${last}}}" > "${1}"
}

# @FUNCTION: pep517-multi_run
# @USAGE: <command> [<option>...]
# @DESCRIPTION:
# Run a command of multibuild in the work directory of the package, for the enabled
# implementations, and die if it fails; the message has the first error.
pep517-multi_run() {
	local command=${1} status impl interpreters=() error=${T}/pep517-multi-${1}.error
	shift
	for impl in $(pep517-multi_impls); do
		interpreters+=( "$(pep517-multi_interpreter "${impl}")" ) || die
	done
	set -- "${command}" "${PWD}" --impls "${interpreters[@]}" --workdir "${WORKDIR}/pep517-multi" --color never "${@}"
	echo "multibuild ${*}" >&2
	( _pep517-multi_exec multibuild "${@}" ) 2>&1 | _pep517-multi_show "${error}"
	status=${PIPESTATUS[0]}
	(( status == 0 || status == ${_PEP517_MULTI_TOLERATED:-0} )) && return
	die -n "multibuild ${command}: $(<"${error}")"
	return "${status}"
}

# @FUNCTION: pep517-multi_src_prepare
# @DESCRIPTION:
# Apply PATCHES and user patches. If there is a pep517-multi_prepare_impl, make a
# copy of the source for every implementation and run it there.
pep517-multi_src_prepare() {
	default
	if declare -F pep517-multi_prepare_impl >/dev/null; then
		pep517-multi_foreach_impl _pep517-multi_prepare
	fi
}

# @FUNCTION: _pep517-multi_prepare
# @INTERNAL
# @DESCRIPTION:
# Make a copy of the source, and run the hook there.
_pep517-multi_prepare() {
	local folder=${T}/pep517-multi/${EPYTHON}
	einfo "${EPYTHON}: preparing a source of its own"
	rm -rf "${folder}" || die
	mkdir -p "${folder}" || die
	cp -a --reflink=auto "${PWD}" "${folder}" || die
	pushd "${folder}/${PWD##*/}" >/dev/null || die
	pep517-multi_prepare_impl
	popd >/dev/null || die
	return 0
}

# @FUNCTION: pep517-multi_src_configure
# @DESCRIPTION:
# Do nothing: a "configure" in a Python package is none of ours.
pep517-multi_src_configure() {
	:
}

# @FUNCTION: _pep517-multi_check_interpreter
# @INTERNAL
# @DESCRIPTION:
# Die if PYTHON is not EPYTHON: PEP517_MULTI_INTERPRETERS has the wrong path.
_pep517-multi_check_interpreter() {
	local found
	found=$(
		"${PYTHON}" -I - <<-EOF
			import sys, sysconfig
			name = sys.implementation.name.replace("cpython", "python")
			free_threaded = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
			print("{}{}.{}{}".format(name, *sys.version_info[:2], free_threaded))
		EOF
	) || die "${PYTHON} does not run"
	[[ ${found} == "${EPYTHON}" ]] || die "${PYTHON} is ${found}, not ${EPYTHON}; mend PEP517_MULTI_INTERPRETERS"
}

# @FUNCTION: _pep517-multi_build_options
# @INTERNAL
# @DESCRIPTION:
# Set options to those of a build.
_pep517-multi_build_options() {
	local jobs sysroot EPYTHON reuse=${PEP517_MULTI_REUSE}
	[[ ${PEP517_MULTI_IMPURE} ]] && reuse=never
	_pep517-multi_jobs
	_pep517-multi_sysroot
	options=( "${sysroot[@]}" --no-isolation --reuse "${reuse:-never}" --ext "${PEP517_MULTI_EXT:-auto}" "${jobs[@]}" )
	if declare -F pep517-multi_prepare_impl >/dev/null; then
		for EPYTHON in $(pep517-multi_impls); do
			[[ $(pep517-multi_source) != "${PWD}" ]] ||
				die "pep517-multi_prepare_impl did not run here; call pep517-multi_src_prepare in src_prepare, instead of default"
			options+=( --source-for "$(pep517-multi_interpreter)=$(pep517-multi_source)" )
		done
	fi
	options+=( "${PEP517_MULTI_ARGS[@]}" )
}

# @FUNCTION: pep517-multi_src_compile
# @USAGE: [<implementation>...]
# @DESCRIPTION:
# Build wheels for all enabled implementations, or for these (python3.12); each phase
# may be called for one after the other, in any order. If PEP517_MULTI_QA asks for it,
# compare what is shared with fresh builds.
pep517-multi_src_compile() {
	local options stage _PEP517_MULTI_ONLY=${*}
	pep517-multi_foreach_impl _pep517-multi_check_interpreter
	_pep517-multi_build_options
	pep517-multi_run build "${options[@]}" || return
	if [[ ${PEP517_MULTI_QA} != @(off|0|no|false|) ]]; then
		_pep517-multi_stage_options
		pep517-multi_run qa --qa "${PEP517_MULTI_QA}" "${options[@]}" "${stage[@]}" --compile 0,1,2
	fi
}

# @FUNCTION: _pep517-multi_stage_options
# @INTERNAL
# @DESCRIPTION:
# Set stage to the options that say what is installed, and how.
_pep517-multi_stage_options() {
	local sysroot
	_pep517-multi_sysroot
	stage=( "${sysroot[@]}" --prefix "${EPREFIX}/usr" --strip gentoo )
	stage+=( "${PEP517_MULTI_INSTALL_ARGS[@]}" )
}

# @FUNCTION: pep517-multi_src_test
# @USAGE: [<implementation>...]
# @DESCRIPTION:
# Stage what would be installed and, for every implementation, check that it can be
# imported; then run pep517-multi_test_impl, or what was enabled by
# pep517-multi_enable_tests, in the source, with what is staged in front on PATH
# and sys.path.
pep517-multi_src_test() {
	local jobs stage _PEP517_MULTI_ONLY=${*}
	_pep517-multi_jobs
	_pep517-multi_stage_options
	pep517-multi_run install "${stage[@]}" --compile none "${jobs[@]}" -q || return
	pep517-multi_run check "${stage[@]}" --compile none --check-off bytecode,strays "${jobs[@]}" -q || return
	pep517-multi_foreach_impl _pep517-multi_test
}

# @FUNCTION: _pep517-multi_test
# @INTERNAL
# @DESCRIPTION:
# Run the tests for EPYTHON, in a shell of their own.
_pep517-multi_test() {
	local lines stage
	einfo "${EPYTHON}: testing"
	_pep517-multi_stage_options
	set -- env "${PWD}" --impls "${PYTHON}" --workdir "${WORKDIR}/pep517-multi" "${stage[@]}" --compile none
	lines=$(_pep517-multi_exec multibuild "${@}") || die "multibuild env failed"
	(
		eval "${lines}"
		PYTHON=$(type -P python)
		cd "$(pep517-multi_source)" || die
		if declare -F pep517-multi_test_impl >/dev/null; then
			pep517-multi_test_impl
		elif [[ ${_PEP517_MULTI_RUNNER} ]]; then
			"pep517-multi_${_PEP517_MULTI_RUNNER}"
		fi
	) || die -n "tests failed under ${EPYTHON}"
}

# @FUNCTION: pep517-multi_pytest
# @USAGE: [<argument>...]
# @DESCRIPTION:
# Run pytest on what is staged: modules of the source tree do not get in its way
# unless they are beside the tests. For pep517-multi_test_impl.
pep517-multi_pytest() {
	set -- pytest -vv -ra -p no:cacheprovider "${@}"
	echo "${@}" >&2
	"${@}" || die -n "pytest failed under ${EPYTHON}"
}

# @FUNCTION: pep517-multi_unittest
# @USAGE: [<argument>...]
# @DESCRIPTION:
# Run unittest on what is staged. For pep517-multi_test_impl.
pep517-multi_unittest() {
	set -- "${PYTHON}" -m unittest "${@:-discover}" -v
	echo "${@}" >&2
	"${@}" || die -n "unittest failed under ${EPYTHON}"
}

# @FUNCTION: _pep517-multi_install_impl
# @INTERNAL
# @DESCRIPTION:
# Run the hook; as everywhere in ebuilds, it dies if it fails.
_pep517-multi_install_impl() {
	pep517-multi_install_impl
	return 0
}

# @FUNCTION: _pep517-multi_check
# @USAGE: [<option>...]
# @INTERNAL
# @DESCRIPTION:
# Check what is staged; findings are fatal only if PEP517_MULTI_QA says so.
_pep517-multi_check() {
	local _PEP517_MULTI_TOLERATED=1 fail=()
	[[ ${PEP517_MULTI_QA} == fail ]] && _PEP517_MULTI_TOLERATED=0 fail=( --qa fail )
	pep517-multi_run check "${@}" "${fail[@]}" -q
}

# @FUNCTION: pep517-multi_src_install
# @USAGE: [<implementation>...]
# @DESCRIPTION:
# Install the wheels into the image, with bytecode of all levels and scripts in the
# layout of python-exec, and check what is there. Run pep517-multi_install_impl for
# every implementation. Install the documentation.
pep517-multi_src_install() {
	local jobs stage _PEP517_MULTI_ONLY=${*}
	_pep517-multi_jobs
	_pep517-multi_stage_options
	stage+=( --destdir "${D}" --scripts python-exec --compile 0,1,2 )
	pep517-multi_run install "${stage[@]}" "${jobs[@]}" || return
	_pep517-multi_check "${stage[@]}" "${jobs[@]}" --check-off imports || return
	if declare -F pep517-multi_install_impl >/dev/null; then
		pep517-multi_foreach_impl _pep517-multi_install_impl
	fi
	einstalldocs
}

_pep517-multi_set_globals
unset -f _pep517-multi_set_globals _pep517-multi_backend_deps
fi

if [[ ! ${PEP517_MULTI_OPTIONAL} ]]; then
	EXPORT_FUNCTIONS src_prepare src_configure src_compile src_test src_install
fi
