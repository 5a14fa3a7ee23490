#!/usr/bin/perl
# Serves: writes to the ledger, and takes as long as the job's first argument says.
use strict;
use warnings;
use IO::Handle;

open(my $in,     '<&=', 3) or die;
open(my $out,    '>&=', 4) or die;
open(my $ledger, '>>', "$ENV{HOME}/ledger") or die;
$out->autoflush(1);
$ledger->autoflush(1);
print $out "{\"ready\":true}\n";
while (my $line = <$in>) {
    last unless my ($run) = $line =~ /"run":(\d+)/;
    my ($jid)  = $line =~ /"jid":"([^"]*)"/;
    my ($time) = $line =~ /"args":\[([0-9.]+)/;
    print $ledger "start $jid $$\n";
    select(undef, undef, undef, $time) if $time;
    print $ledger "end $jid $$\n";
    print $out "{\"done\":$run}\n";
}
