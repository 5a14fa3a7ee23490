import Redis
import Testing

@Suite("What an error reply asks of a client")
struct RefusalMeaningTests {
    @Test(
        "each code has its treatment",
        arguments: [
            ("LOADING Redis is loading the dataset in memory", RedisRefusal.Meaning.later),
            ("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", .later),
            ("MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.", .later),
            ("NOREPLICAS Not enough good replicas to write.", .later),
            ("OOM command not allowed when used memory > 'maxmemory'.", .later),
            ("OOM command not allowed when used memory > 'maxmemory'. script: 5c3, on @user_script:1.", .later),
            ("CLUSTERDOWN The cluster is down", .later), ("TRYAGAIN Multiple keys request", .later),
            ("READONLY You can't write against a read only replica.", .elsewhere),
            ("UNBLOCKED force unblock from blocking operation, instance state changed", .elsewhere),
            ("MASTERDOWN Link with MASTER is down", .elsewhere),
            ("NOAUTH Authentication required.", .barred),
            ("WRONGPASS invalid username-password pair or user is disabled.", .barred),
            ("NOPERM this user has no permissions to run the 'hset' command", .barred),
            ("NOPROTO unsupported protocol version", .barred), ("ERR invalid password", .barred),
            ("ERR max number of clients reached", .barred),
            ("ERR The user executing the script can't run this command or subcommand", .barred),
            ("WRONGTYPE Operation against a key holding the wrong kind of value", .command),
            ("CROSSSLOT Keys in request don't hash to the same slot", .command),
            ("EXECABORT Transaction discarded", .command), ("ERR unknown command", .command), ("", .command),
            // Redis 6.2 wraps what a script met.
            (
                "ERR Error running script (call to f_8d): @user_script:12: @user_script: 12: -READONLY You can't write",
                .elsewhere
            ),
            ("ERR Error running script (call to f_8d): @user_script:12: -OOM command not allowed", .later),
            ("ERR Error running script (call to f_8d): @user_script:12: WRONGTYPE Operation", .command),
            ("@user_script: 12: -OOM command not allowed", .later),
            ("@user_script: 1: The user executing the script can't run this command or subcommand", .barred),
        ])
    func meaning(row: (reply: String, meaning: RedisRefusal.Meaning)) {
        #expect(RedisRefusal(reply: row.reply).meaning == row.meaning)
    }

    @Test("what a script met has the code that it has outside of one")
    func code() {
        #expect(RedisRefusal(reply: "@user_script: 12: -OOM command not allowed").code == "OOM")
        #expect(RedisRefusal(reply: "WRONGTYPE queue:q is a string, not a list").code == "WRONGTYPE")
        #expect(RedisRefusal(reply: "@user_script: 1: The user executing the script can't run this").code == "ERR")
    }
}
