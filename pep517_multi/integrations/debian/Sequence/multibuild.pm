# pep517-multi for debhelper: dh $@ --with multibuild
use strict;
use warnings;

use Debian::Debhelper::Dh_Lib;

add_command_options("dh_auto_$_", '--buildsystem=multibuild') for qw(configure build test install clean);

1;
