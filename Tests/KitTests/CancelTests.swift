import Configuration
import JobModel
import TestSupport
import Testing

@testable import Handlers

@Suite("Every kit heeds a cancel")
struct CancelTests {
    @Test(
        "a run that is cancelled ends at once, its process goes on, and what says that it is done is believed",
        arguments: plays)
    func cancel(_ play: Play) throws {
        let executable = try #require(play.kit.executable)
        var settings = play.kit.settings(play.mode, executable: executable)
        // Long enough that only a handler that heeds it ends in time.
        settings.grace = 60
        settings.maxJobs = nil
        let rig = try KitRig(settings, slots: play.mode == .threads ? 2 : 1)
        let failure = Failure(errorClass: "Cancelled", message: "cancelled by a test")
        let directory = TemporaryDirectory()

        func begin(_ name: String) throws -> Int {
            let payload = #"{"class":"\#(name)","args":["\#(directory.path)"],"jid":"\#(name)"}"#
            let number = try rig.start(Array(payload.utf8), queue: "default")
            #expect(rig.turn { rig.accounts[number]?.progress.first?.note == "waiting" }, "\(name) never began")
            return number
        }
        for (name, outcome) in [("Wait", Outcome.cancelled(failure)), ("Finish", .succeeded)] {
            let number = try begin(name)
            let other = play.mode == .threads ? try begin("Wait") : nil
            let slot = try #require(rig.slot(of: number))
            rig.dispatcher.cancel(slot, with: failure)
            #expect(rig.finish([number], within: 30), "\(name) did not heed it: \(rig.lines)")
            #expect(rig.accounts[number]?.report?.outcome == outcome, "\(name): \(rig.lines)")
            if let other {
                #expect(rig.accounts[other]?.report == nil, "the other run of the process goes on")
                rig.dispatcher.cancel(try #require(rig.slot(of: other)), with: failure)
                #expect(rig.finish([other]))
            }
        }
        if play.mode != .spawn { #expect(rig.pids.count == 1, "the process is the same") }
    }

    struct Play: CustomTestStringConvertible, Sendable {
        let kit: Kit
        let mode: Mode
        var testDescription: String { "\(kit.name), \(mode)" }
    }

    /// Of the kits that are installed here; the conformance tests say which are not.
    private static var plays: [Play] {
        [Kit.python, .ruby, .node, .shell, .swift].filter(\.isInstalled).flatMap { kit in
            kit.modes.map { Play(kit: kit, mode: $0) }
        }
    }
}
