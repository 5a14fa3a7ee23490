#!/usr/bin/perl
# Serves: the jids it has done go into a set of the same Redis that keeps the jobs.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::UNIX;

open(my $in,  '<&=', 3) or die;
open(my $out, '>&=', 4) or die;
$out->autoflush(1);
my $redis = IO::Socket::UNIX->new(Peer => '/run/redis-test/redis.sock') or die "no Redis: $!";
print $out "{\"ready\":true}\n";
while (my $line = <$in>) {
    last unless my ($run) = $line =~ /"run":(\d+)/;
    my ($jid) = $line =~ /"jid":"([^"]*)"/;
    print $redis "SADD test:done $jid\r\n";
    my $answer = <$redis>;
    die "Redis says $answer" unless defined $answer && $answer =~ /^:/;
    print $out "{\"done\":$run}\n";
}
