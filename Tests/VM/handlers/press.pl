#!/usr/bin/perl
# Takes 165 MB, and reads a file that does not fit beside it, again and again, until there is a file "relieved".
use strict;
use warnings;

sub note {
    my ($what) = @_;
    open(my $file, '>>', "$ENV{HOME}/ledger") or die;
    syswrite($file, "$what $ENV{MARTLET_JID} $$\n");
}
note('start');
my $size = 165 << 20;
my $all  = 'x' x $size;
until (-e "$ENV{HOME}/relieved") {
    open(my $file, '<', "$ENV{HOME}/large") or die;
    while (sysread($file, my $part, 1 << 20)) { last if -e "$ENV{HOME}/relieved" }
}
note('end');
