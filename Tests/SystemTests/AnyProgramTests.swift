import Foundation
import TestSupport
import Testing

@Suite("A program that knows nothing of jobs")
struct AnyProgramTests {
    static let configuration = """
        concurrency: 2
        timeout: 3
        handlers:
          programs:
            command: [./program.sh]
            classes: [Program]
            arguments: ["{args.0}", "--name={args.1.name}", --, "{args.2}"]
            stdin: none
            success: [0, 3]
            retry_on: [75]
            discard_on: [4]
        """
    static let files = [
        "program.sh": """
        #!/bin/sh
        # Ends with the status it is told.
        # One write: another job's line may come at the same time.
        printf '%s\\n' "$(printf '%s|' "$@")" >> arguments
        exit "$1"
        """
    ]

    @Test(
        "it does jobs by its arguments and its exit status; a job that does not fit lies in the dead set, not executed")
    func program() throws {
        try Scene.run(Self.configuration, files: Self.files) { scene in
            func push(_ jid: String, _ arguments: String) throws {
                try scene.jobs.push(#"{"class":"Program","args":\#(arguments),"jid":"\#(jid)"}"#)
            }
            try push("done", #"[0,{"name":"Ada $(id)"},"-x"]"#)
            try push("success", #"["3",{"name":true},1.50]"#)
            try push("discarded", #"[4,{"name":""},""]"#)
            try push("retried", #"[75,{"name":"a"},"b"]"#)
            try push("dead", #"[1,{"name":"a"},"b"]"#)
            try push("unfit", #"[0,{"nom":"a"},"b"]"#)
            try push("option", #"["-rf",{"name":"a"},"b"]"#)
            try eventually(within: 30, "all of them have run") { try scene.jobs.number("stat:processed") == 7 }
            let dead = try ["dead", "unfit", "option"].map { try #require(try scene.jobs.object($0, in: "dead")) }
            #expect(dead.map { $0["error_class"] as? String } == ["ExitStatus", "BadArguments", "BadArguments"])
            #expect(
                dead[1]["error_message"] as? String
                    == "argument 2, `--name={args.1.name}`, cannot be made of this job: args.1 has no member name")
            #expect(try scene.jobs.object("retried", in: "retry")?["error_message"] as? String == "exit status 75")
            #expect(
                scene.daemon.lines(of: "arguments").sorted() == [
                    "0|--name=Ada $(id)|--|-x|", "1|--name=a|--|b|", "3|--name=true|--|1.50|", "4|--name=|--||",
                    "75|--name=a|--|b|",
                ])
            try scene.finish(leaving: ["dead", "retry"])
        }
    }

    @Test("martlet check finds a mistake in a template, with its place")
    func check() throws {
        let bad = Self.configuration.replacing("{args.0}", with: "{arg.0}")
        try Scene.run(bad, files: Self.files, starting: false) { scene in
            let check = scene.daemon.martlet(["check", "--offline"])
            #expect(check.code == 78)
            #expect(check.errors.contains("martlet.yml:"), "\(check.errors)")
            #expect(check.errors.contains("`{arg.0}` has `{arg.0}`, which names nothing; there are {args.0}"))
        }
    }
}
