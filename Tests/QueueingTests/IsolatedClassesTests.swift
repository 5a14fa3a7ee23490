import Insight
import JobModel
import Queueing
import Redis
import TestSupport
import Testing

@Suite("The list of classes that are kept apart")
struct IsolatedClassesTests {
    private let isolation = Isolation(
        handler: "reports", since: 1_795_315_261_885, reason: "job \"r\" took its process from 20 MB to 320 MB",
        host: "höst", times: 3, lastCliff: 1_795_315_999_999)

    private func list(_ store: Store) throws -> [JobClass: Isolation] {
        try IsolatedClasses.list(store.redis.call(IsolatedClasses.listCommand))
    }

    @Test("what one worker writes the others read, whatever bytes the class has")
    func round() throws {
        let store = try Store()
        let names = [JobClass("Report"), JobClass("Ré port\n"), JobClass(bytes: [0xFF, 0x00, 0x22])]
        for name in names {
            for command in IsolatedClasses.putCommands(name, isolation, isNew: true) {
                _ = try store.redis.call(command).accepted()
            }
        }
        #expect(try list(store) == Dictionary(uniqueKeysWithValues: names.map { ($0, isolation) }))
        let times = try IsolatedClasses.times(store.redis.call(IsolatedClasses.timesCommand))
        #expect(times == Dictionary(uniqueKeysWithValues: names.map { ($0, 3) }))
        #expect(try (1...30 * 86_400).contains(store.run("TTL", "martlet:isolated:times").integer ?? 0))

        #expect(try IsolatedClass.release(names[0], store.redis))
        #expect(try !IsolatedClass.release(names[0], store.redis))
        #expect(try list(store).count == 2)
        #expect(try IsolatedClasses.times(store.redis.call(IsolatedClasses.timesCommand))[names[0]] == 3)
        #expect(try StatusReport.read(store.redis).isolated.map(\.name) == [names[1], names[2]])
    }

    @Test("a later cliff moves the time of the last and does not count as another time")
    func again() throws {
        let store = try Store()
        let name = JobClass("Report")
        for command in IsolatedClasses.putCommands(name, isolation, isNew: true) {
            _ = try store.redis.call(command).accepted()
        }
        var later = isolation
        later.lastCliff += 1000
        let commands = IsolatedClasses.putCommands(name, later, isNew: false)
        #expect(commands.count == 1)
        for command in commands { _ = try store.redis.call(command).accepted() }
        #expect(try list(store) == [name: later])
    }

    @Test("what cannot be read is left out, and what is missing has a meaning")
    func strange() throws {
        let store = try Store()
        try store.run("HSET", "martlet:isolated", "a", "nonsense", "b", "{}", "c", #"{"handler":"h","since":5}"#)
        #expect(
            try list(store) == [
                JobClass("c"): Isolation(handler: "h", since: 5, reason: "", host: "", times: 1, lastCliff: 5)
            ])
        try store.run("HSET", "martlet:isolated:times", "a", "many", "b", "-4", "c", "99999999999")
        let times = try IsolatedClasses.times(store.redis.call(IsolatedClasses.timesCommand))
        #expect(times == [JobClass("b"): 0, JobClass("c"): 1 << 20])
    }
}
