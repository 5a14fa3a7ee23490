#!/usr/bin/perl
# pusher.pl SOCKET FILE: pushes jobs for ever and writes the jid of each that Redis has acknowledged to FILE.
use strict;
use warnings;
use IO::Handle;
use IO::Socket::UNIX;

my $redis = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "no Redis: $!";
open(my $file, '>>', $ARGV[1]) or die;
$file->autoflush(1);
print $redis "SADD queues default\r\n";
<$redis>;
for (my $n = 1; ; $n++) {
    my $job = "{\"class\":\"Work\",\"args\":[],\"jid\":\"j$n\",\"queue\":\"default\",\"retry\":true,\"created_at\":1}";
    print $redis "*3\r\n\$5\r\nLPUSH\r\n\$13\r\nqueue:default\r\n\$" . length($job) . "\r\n$job\r\n";
    my $answer = <$redis>;
    last unless defined $answer && $answer =~ /^:/;
    print $file "j$n\n";
}
