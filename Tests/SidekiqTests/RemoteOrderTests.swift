import Foundation
import Platform
import Redis
import TestSupport
import Testing

@Suite("Orders that Sidekiq's API leaves for a process")
struct RemoteOrderTests {
    @Test("quiet! makes one worker quiet: the others go on, and it finishes what it does")
    func quiet() throws {
        try Shop.open { shop in
            try Self.hold(shop)
            let busy = try Self.busyWorker(shop)
            _ = shop.ruby(#"Sidekiq::ProcessSet.new.find { |p| p.identity == "\#(busy)" }.quiet!; {}"#)
            try eventually(within: 60, "it says that it is quiet, and the other does not") {
                try shop.call("HGET", busy, "quiet").text == "true"
                    && shop.records("quiet").sorted() == ["false", "true"]
            }
            let before = Set(shop.daemon.workers)
            _ = shop.ruby(#"9.times { |n| Sidekiq::Client.push("class" => "PlainJob", "args" => [n]) }; {}"#)
            try eventually(within: 60, "the other one does what comes") { try shop.number("stat:processed") == 9 }
            shop.letGo()
            eventually(within: 60, "the long job is done where it was") {
                shop.runs(of: "held").contains { $0["word"] as? String == "end" }
            }
            let stopping = shop.ruby("{quiet: Sidekiq::ProcessSet.new.map(&:stopping?)}")["quiet"] as? [Bool] ?? []
            #expect(stopping.count { $0 } == 1, "quiet does not end by itself")
            #expect(Set(shop.daemon.workers) == before && shop.runs(of: "held").count == 2)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("stop! ends one worker, whose job goes back and runs again; another takes its place")
    func stop() throws {
        // The only worker, so that its job cannot be taken by another.
        let configuration = Shop.configuration.replacing("processes: 2", with: "processes: 1")
            .replacing("timeout: 3", with: "timeout: 1")
        try Shop.open(configuration) { shop in
            try Self.hold(shop)
            let busy = try Self.busyWorker(shop)
            let before = shop.daemon.workers
            _ = shop.ruby("Sidekiq::ProcessSet.new.first.stop!; {}")
            eventually(within: 60, "it is gone, and a new one is there: \(shop.daemon.log.suffix(2000))") {
                shop.daemon.workers.count == 1 && shop.daemon.workers != before
            }
            eventually(within: 60, "the job runs again") { shop.runs(of: "held").count == 2 }
            #expect(shop.runs(of: "held").map { $0["attempt"] as? Int } == [1, 1], "that cost it no retry")
            try eventually(within: 60, "the API shows the new one alone") {
                let left = try shop.call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
                return left.count == 1 && left != [busy]
            }
            #expect(shop.daemon.log.contains("SIGTERM ordered from the dashboard"), "\(shop.daemon.log)")
            #expect(shop.daemon.log.contains("was stopped by an order of its own"))
            #expect(shop.daemon.log.contains("worker 0 is started again at once"))
            #expect(!shop.daemon.log.contains("] error"), "an order is no error: \(shop.daemon.log)")
            shop.letGo()
            try eventually(within: 60, "it is done, once") { try shop.number("stat:processed") == 1 }
            #expect(try shop.number("stat:failed") == 0)
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    @Test("dump_threads logs what every slot is doing; a word nobody knows changes nothing")
    func describe() throws {
        try Shop.open { shop in
            try Self.hold(shop)
            let busy = try Self.busyWorker(shop)
            _ = try shop.call("LPUSH", "\(busy)-signals", "NONSENSE")
            _ = shop.ruby("Sidekiq::ProcessSet.new.each(&:dump_threads); {}")
            eventually(within: 60, "the slot with the job is in the log") {
                shop.daemon.lines(of: "log").contains {
                    $0.contains("slot ") && $0.contains("jid=held") && $0.contains("class=HoldJob")
                }
            }
            #expect(try shop.records("quiet") == ["false", "false"] && shop.daemon.workers.count == 2)
            shop.letGo()
            try eventually(within: 60, "it goes on") { try shop.number("stat:processed") == 1 }
            #expect(shop.daemon.stop() == .exited(0))
        }
    }

    /// Has one worker run the job `held` until it is let go.
    private static func hold(_ shop: Shop) throws {
        _ = shop.ruby(#"Sidekiq::Client.push("class" => "HoldJob", "args" => [], "jid" => "held"); {}"#)
        eventually(within: 60, "the long job runs") { shop.runs(of: "held").count == 1 }
    }

    /// The identity of the process that shows a running job.
    private static func busyWorker(_ shop: Shop) throws -> String {
        var identity: String?
        try eventually(within: 60, "a process shows it") {
            let identities = try shop.call("SMEMBERS", "processes").elements?.compactMap(\.text) ?? []
            identity = try identities.first { try shop.call("HGET", $0, "busy").text == "1" }
            return identity != nil
        }
        return try #require(identity)
    }
}
