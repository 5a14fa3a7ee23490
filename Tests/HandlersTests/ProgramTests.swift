import Configuration
import Glibc
import JobModel
import Platform
import TestSupport
import Testing

@testable import Handlers

@Suite("Any program as it is")
struct ProgramTests {
    private func rig(_ script: String, _ change: (inout ProgramTerms) -> Void) throws -> Rig {
        var settings = shell(script)
        settings.command = ["sh", "-c", script, "program"]
        change(&settings.program)
        return try Rig(settings)
    }

    @Test("the arguments of a job follow those of the command, each as one argument, and no shell reads them")
    func arguments() throws {
        let rig = try rig(#"printf '[%s]\n' "$@""#) {
            $0.arguments = ["--user", "{args.0}", "--name={args.1.name}", "{{}}", "--", "{args.2}"]
        }
        let report = try rig.run(#"{"class":"X","args":["$(id) ; 'a' b",{"name":"Ada *"},"-rf"]}"#)
        #expect(report.outcome == .succeeded)
        #expect(rig.lines == ["[--user]", "[$(id) ; 'a' b]", "[--name=Ada *]", "[{}]", "[--]", "[-rf]"])
    }

    @Test("a job that does not fit is dead at once, and nothing is executed")
    func unfit() throws {
        let directory = TemporaryDirectory()
        let file = directory.path + "/executed"
        let rig = try rig("touch \(file)") { $0.arguments = ["{args.0.id}"] }
        for arguments in ["[]", "[5]", #"[{"id":[]}]"#, #"[{"id":"-x"}]"#] {
            let report = try rig.run(#"{"class":"X","args":\#(arguments)}"#)
            guard case .dead(let failure) = report.outcome else {
                Issue.record("\(arguments) came to \(report.outcome)")
                continue
            }
            #expect(failure.errorClass == "BadArguments")
            #expect(failure.message.hasPrefix("argument 1, `{args.0.id}`, cannot be made of this job: "))
            #expect(report.pid == nil && report.handler == "shell")
        }
        #expect(rig.spawns.count == 0 && access(file, F_OK) != 0)
    }

    @Test("standard input is the payload, the arguments alone, or nothing")
    func input() throws {
        let payload = #"{"class":"X", "args" : [1.0, {"a":"é"}] ,"jid":"j"}"#
        for (input, expected) in [
            (ProgramTerms.StandardInput.payload, payload), (.args, #"[1.0, {"a":"é"}]"#), (.none, "nothing"),
        ] {
            let rig = try rig("[ /proc/self/fd/0 -ef /dev/null ] && echo nothing; cat") { $0.standardInput = input }
            #expect(try rig.run(payload).outcome == .succeeded)
            #expect(rig.lines == [expected], "\(input)")
        }
        let rig = try rig("cat") { $0.standardInput = .args }
        #expect(try rig.run(#"{"class":"X"}"#).outcome.failure?.errorClass == "BadArguments")
    }

    @Test("large arguments arrive whole")
    func large() throws {
        let rig = try rig(#"for a; do printf '%s\n' ${#a}; done"#) {
            $0.arguments = ["{args.0}", "{args.0}", "{args.0}", "{args.0}"]
        }
        let text = String(repeating: "x", count: 65_535)
        #expect(try rig.run(#"{"class":"X","args":["\#(text)"]}"#).outcome == .succeeded)
        #expect(rig.lines == Array(repeating: "65535", count: 4))
    }

    @Test("exit statuses mean what the configuration says")
    func statuses() throws {
        let script = "exit $MARTLET_ATTEMPT"
        /// The outcome of a status, without its message.
        func outcomes(_ statuses: [Int], _ change: (inout ProgramTerms) -> Void) throws -> [String] {
            let rig = try rig(script, change)
            return try statuses.map {
                // Attempt n has a retry_count of n - 2.
                let report = try rig.run(#"{"class":"X","args":[],"retry_count":\#($0 - 2)}"#)
                return switch report.outcome {
                case .succeeded: "done"
                case .failed(let failure): "failed \(failure.errorClass)"
                case .dead(let failure): "dead \(failure.errorClass)"
                case .discarded: "discarded"
                default: "\(report.outcome)"
                }
            }
        }
        let usual = try outcomes([3, 65, 75]) { _ in }
        #expect(usual == ["failed ExitStatus", "dead ExitStatus", "failed ExitStatus"])
        let named = try outcomes([3, 4, 5, 65]) {
            $0.success = [0, 3]
            $0.discardOn = [4]
        }
        #expect(named == ["done", "discarded", "failed ExitStatus", "dead ExitStatus"])
        // Whoever says what is to be retried says that the rest is not.
        let retried = try outcomes([3, 65, 75]) { $0.retryOn = [65, 75] }
        #expect(retried == ["dead ExitStatus", "failed ExitStatus", "failed ExitStatus"])
        let never = try outcomes([1, 75]) { $0.retryOn = [] }
        #expect(never == ["dead ExitStatus", "dead ExitStatus"])
    }

    @Test("a verdict on descriptor 4 counts with every status that means done, and its words with every other")
    func verdicts() throws {
        let rig = try rig(
            #"echo "{\"$MARTLET_CLASS\":true,\"seconds\":5,\"class\":\"E\",\"message\":\"m\"}" >&4; exit 3"#
        ) {
            $0.success = [3]
        }
        #expect(try rig.run(#"{"class":"snooze"}"#).outcome == .snoozed(seconds: 5))
        #expect(try rig.run(#"{"class":"failed"}"#).outcome == .failed(Failure(errorClass: "E", message: "m")))
        let discarding = try self.rig(
            #"echo "{\"$MARTLET_CLASS\":true,\"class\":\"E\",\"message\":\"m\"}" >&4; exit 3"#
        ) {
            $0.discardOn = [3]
        }
        #expect(try discarding.run(#"{"class":"done"}"#).outcome == .discarded)
        #expect(try discarding.run(#"{"class":"dead"}"#).outcome == .dead(Failure(errorClass: "E", message: "m")))
    }

    @Test("a signal is retried, whatever statuses mean")
    func signal() throws {
        let rig = try rig("kill -TERM $$") { $0.retryOn = [] }
        let outcome = try rig.run(#"{"class":"X"}"#).outcome
        #expect(outcome == .failed(Failure(errorClass: "Signal", message: "killed by SIGTERM")))
    }
}
