# pep517-multi for debhelper: dh $@ --buildsystem=multibuild. The folder that this one is in is to be installed as
# Debian/Debhelper in Perl's path, which is /usr/share/perl5.
#
# What debian/rules can export:
#     DEB_MULTIBUILD_IMPLS          which implementations: 3.13 3.14 pypy3
#     DEB_MULTIBUILD_OPTIONS        options of the build: --reuse never --patch pypy3=debian/pypy.patch
#     DEB_MULTIBUILD_LAYOUT         shared: /usr/lib/python3/dist-packages; versioned: a folder for each implementation
#     DEB_MULTIBUILD_STAGE_OPTIONS  options of staging, for install and test alike: --scripts suffix
#     DEB_MULTIBUILD_QA             warn or fail: build again for those who reuse a wheel, and compare
#     DEB_MULTIBUILD_TEST           a shell command that tests what was built, run for each implementation
package Debian::Debhelper::Buildsystem::multibuild;

use strict;
use warnings;

use Debian::Debhelper::Dh_Lib qw(error getpackages tmpdir);
use Dpkg::Control;
use Dpkg::Deps;
use Text::ParseWords qw(shellwords);
use parent qw(Debian::Debhelper::Buildsystem);

# An empty scheme is multibuild's own choice: /usr/lib/python3.13/site-packages.
my %LAYOUTS = (
    shared => [qw(--scheme deb_system --shebang {prefix}/bin/python3)],
    versioned => [],
);

sub DESCRIPTION { 'multibuild (one PEP 517 source for many Python implementations)' }

sub DEFAULT_BUILD_DIRECTORY { '.multibuild' }

sub check_auto_buildable {
    my ($this, $step) = @_;
    return -e $this->get_sourcepath('pyproject.toml') ? 1 : 0;
}

sub new {
    my ($class, @args) = @_;
    my $this = $class->SUPER::new(@args);
    $this->prefer_out_of_source_building(@args);
    return $this;
}

sub configure { }

sub build {
    my ($this, @options) = @_;
    my @given = ('--no-isolation', $this->_generated, _words('DEB_MULTIBUILD_OPTIONS'));
    $this->_multibuild('build', @given, $this->_jobs, @options);
    $this->_multibuild('qa', '--qa', $ENV{DEB_MULTIBUILD_QA}, @given, $this->_jobs) if $ENV{DEB_MULTIBUILD_QA};
}

# Before anything is installed: what is tested is staged below the build directory.
sub test {
    my ($this, @options) = @_;
    $this->_multibuild('install', _staging(), $this->_jobs);
    $this->_multibuild('check', _staging(), @options);
    my $command = $ENV{DEB_MULTIBUILD_TEST} or return;
    for my $impl (_impls()) {
        my @where = ('--workdir', $this->get_build_rel2sourcedir, '--impls', $impl);
        $this->doit_in_sourcedir('multibuild', 'env', @where, _staging(), '--exec', '--', 'sh', '-ec', $command);
    }
}

sub install {
    my ($this, $destdir, @options) = @_;
    my @given = ('--destdir', $destdir, '--strip', 'debian', '--installer', 'debian', _staging());
    $this->_multibuild('install', @given, $this->_jobs, @options);
}

sub clean {
    my ($this) = @_;
    $this->rmdir_builddir;
}

sub _multibuild {
    my ($this, $command, @options) = @_;
    my @where = ('--workdir', $this->get_build_rel2sourcedir, '--impls', _impls());
    $this->doit_in_sourcedir('multibuild', $command, @where, @options);
}

sub _jobs {
    my ($this) = @_;
    my $jobs = $this->get_parallel;
    return defined $jobs && $jobs > 0 ? ('-j', $jobs) : ();
}

sub _words {
    my ($variable) = @_;
    return shellwords($ENV{$variable} // '');
}

# What debhelper puts into debian/ is no part of the source; else every phase would make the one before look outdated.
sub _generated {
    my ($this) = @_;
    my @generated = qw(debian/.debhelper debian/debhelper-build-stamp debian/files debian/tmp);
    for my $package (getpackages()) {
        push @generated, tmpdir($package), map { "debian/$package.$_" } qw(debhelper.log substvars);
    }
    return map { ('--exclude', $this->_rel2rel($_, $this->get_sourcedir)) } @generated;
}

# Bytecode is made when a package is installed, by the interpreter that is there then.
sub _staging {
    my $layout = $ENV{DEB_MULTIBUILD_LAYOUT} // 'shared';
    my $options = $LAYOUTS{$layout} or error("DEB_MULTIBUILD_LAYOUT is $layout; it takes shared or versioned");
    return (qw(--compile none), @$options, _words('DEB_MULTIBUILD_STAGE_OPTIONS'));
}

# All supported versions if the package builds for python3-all, else the default one; PyPy if that is asked for.
sub _impls {
    my @impls = _words('DEB_MULTIBUILD_IMPLS');
    return @impls if @impls;
    my $control = Dpkg::Control->new(type => CTRL_INFO_SRC);
    $control->load('debian/control');
    my $wanted = join ', ', map { $control->{$_} // () } qw(Build-Depends Build-Depends-Arch Build-Depends-Indep);
    my %names;
    my $dependencies = deps_parse($wanted, build_dep => 1, reduce_restrictions => 1);
    deps_iterate($dependencies, sub { $names{$_[0]->{package}} = 1; return 1 }) if $dependencies;
    my $all = grep { $names{$_} } qw(python3-all python3-all-dev);
    @impls = split ' ', $all ? qx(py3versions --requested --version) : qx(py3versions --default --version);
    error('py3versions names no Python; set DEB_MULTIBUILD_IMPLS, or install python3') if !@impls;
    push @impls, 'pypy3' if grep { $names{$_} } qw(pypy3 pypy3-dev);
    return @impls;
}

1;
