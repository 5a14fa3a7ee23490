#!/usr/bin/perl
# Takes memory until it gets no more; a child of it looks on, in a session of its own.
use POSIX qw(setsid);
# Global: a handle that goes out of scope closes its descriptor.
our ($in, $out);
if ($ENV{MARTLET_IN}) {
    open($out, '>&=', 4) or die;
    syswrite($out, "{\"ready\":true}\n");
    open($in, '<&=', 3) or die;
    sysread($in, my $line, 65536);
}
unless (fork) { setsid(); open(my $file, '>', "$ENV{HOME}/onlooker"); syswrite($file, "$$\n"); sleep 1000; exit }
select(undef, undef, undef, 0.2) until -s "$ENV{HOME}/onlooker";
print STDERR "loading it all\n";
# A variable: of constants alone perl would make the string before the first line runs.
my $size = 256 << 20;
my @all;
push @all, 'x' x $size while 1;
