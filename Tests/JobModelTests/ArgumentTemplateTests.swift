import Testing

@testable import JobModel

@Suite("Arguments that are made of a job")
struct ArgumentTemplateTests {
    static let payload = #"""
        {"class":"Wrap","wrapped":"Reports::Daily","jid":"b4a5","retry_count":1,
         "args":["x y; $(rm -rf /)\n`", {"name":"Ada é\ud83d\ude00","n\u0061me2":{"a":[10,1.50,-0]},"twice":1,"twice":2},
                 12345678901234567890, true, false, null, [], "-rf", "", -5, "half \ud800", "nul \u0000", "--"]}
        """#

    private func fill(_ templates: [String], guarded: Bool = true, payload: String = payload) throws -> [String] {
        let templates = ArgumentTemplates(try templates.map { try ArgumentTemplate($0) }, isGuarded: guarded)
        return try templates.fill(try Job(decoding: Array(payload.utf8)), queue: try #require(QueueName("low")))
    }

    private func message(_ templates: [String], guarded: Bool = true, payload: String = payload) throws -> String {
        do {
            return "was filled: \(try fill(templates, guarded: guarded, payload: payload))"
        } catch let error as UnfitJob {
            #expect(error.failure.errorClass == "BadArguments")
            return error.failure.message
        }
    }

    @Test(
        "a value stands where its place is, as it was written, whatever it holds",
        arguments: [
            ("plain", "plain"), ("", ""), ("{args.0}", "x y; $(rm -rf /)\n`"),
            ("--name={args.1.name}", "--name=Ada é😀"),
            ("{args.1.name2.a.1}", "1.50"), ("{args.1.name2.a.2}{args.1.name2.a.0}", "-010"),
            ("{args.1.twice}", "2"), ("{args.2}", "12345678901234567890"), ("{args.3}/{args.4}", "true/false"),
            ("{args.8}", ""), ("{{args.0}}", "{args.0}"), ("{{{args.3}}}", "{true}"), ("}}{{", "}{"),
            ("{jid}-{class}-{queue}-{attempt}", "b4a5-Reports::Daily-low-3"), ("é{args.3}é", "étrueé"),
        ])
    func filled(template: String, argument: String) throws {
        #expect(try fill([template], guarded: false) == [argument])
    }

    @Test("each template stays one argument, in its order")
    func several() throws {
        #expect(try fill(["--a", "{args.3}", "{args.8}", "--b={args.7}"]) == ["--a", "true", "", "--b=-rf"])
    }

    @Test(
        "a mistake in a template is named",
        arguments: [
            ("{args}", "has `{args}`, which is the whole list"), ("{args.x}", "after `args.` comes the number"),
            ("{args.01}", "after `args.` comes the number"), ("{args.}", "after `args.` comes the number"),
            ("{args.0.}", "a name between dots is missing"), ("{args.0..b}", "a name between dots is missing"),
            ("{argss.0}", "names nothing; there are {args.0}"), ("{}", "names nothing"), ("{user}", "names nothing"),
            ("a{", "has a `{` that is not closed"), ("a}b", "has a `}` that closes nothing"),
            ("{args.0.a{}}", "a brace inside braces"), ("a\0b", "holds a NUL"),
            (String(repeating: "x", count: 65_536), "is longer than 65536 bytes"),
        ])
    func mistakes(template: String, words: String) {
        #expect {
            _ = try ArgumentTemplate(template)
        } throws: {
            ($0 as? TemplateMistake)?.text.contains(words) == true
        }
    }

    @Test(
        "a job that has no such value is unfit, and the message says why",
        arguments: [
            ("{args.13}", "args has only 13"), ("{args.1.nome}", "args.1 has no member nome"),
            ("{args.1}", "args.1 is an object; an argument is made of a text, a number, true or false"),
            ("{args.6}", "args.6 is a list"), ("{args.6.0}", "args.6 has no elements"), ("{args.5}", "args.5 is null"),
            ("{args.0.name}", "args.0 is a text, with nothing inside"),
            ("{args.1.name2.a.b}", "args.1.name2.a is a list, in which no element is called b"),
            ("{args.10}", "args.10 is a text with half a character in it"), ("{args.11}", "args.11 holds a NUL"),
        ])
    func unfit(template: String, words: String) throws {
        let message = try message(["fixed", template], guarded: false)
        #expect(message.hasPrefix("argument 2, `\(template)`, cannot be made of this job: \(words)"), "\(message)")
    }

    @Test("a job without a list of arguments, or without a jid, is unfit")
    func lacking() throws {
        #expect(try message(["{args.0}"], payload: #"{"class":"A"}"#).hasSuffix("the job has no `args`"))
        #expect(try message(["{args.0}"], payload: #"{"class":"A","args":5}"#).contains("args is a number"))
        #expect(try message(["{jid}"], payload: #"{"class":"A","args":[]}"#).hasSuffix("the job has no jid"))
    }

    @Test("a value makes no option of an argument, unless `--` stands before it or nobody guards")
    func options() throws {
        for template in ["{args.7}", "{args.9}", "{args.8}{args.7}", "{args.8}-x", "{args.12}"] {
            #expect(try message([template]).contains("begins with `-`"), "\(template)")
            #expect(try fill(["--", template]).count == 2)
            #expect(try fill([template], guarded: false).count == 1)
        }
        // An argument of ours may be one, and a job's `--` ends nothing.
        #expect(try fill(["-n{args.9}", "--x={args.7}"]) == ["-n-5", "--x=-rf"])
        #expect(try message(["x{args.8}", "{args.8}--", "{args.7}"]).hasPrefix("argument 2"))
        #expect(try message(["a", "{args.7}", "--"]).hasPrefix("argument 2"))
        let hostile = #"{"class":"--help","args":[],"jid":"-i"}"#
        #expect(try message(["{class}"], payload: hostile).contains("begins with `-`"))
        #expect(try message(["{jid}"], payload: hostile).contains("begins with `-`"))
    }

    @Test("an argument has fewer than 64 KB, and all together at most 256 KB")
    func sizes() throws {
        func job(_ bytes: Int, times: Int = 1) -> String {
            let text = "\"" + String(repeating: "x", count: bytes) + "\""
            return #"{"class":"A","args":[\#(Array(repeating: text, count: times).joined(separator: ","))]}"#
        }
        #expect(try fill(["{args.0}"], payload: job(65_535)).count == 1)
        #expect(try message(["{args.0}"], payload: job(65_536)).contains("it would have 65536 bytes"))
        #expect(try message(["{args.0}{args.0}"], payload: job(40_000)).contains("it would have 80000 bytes"))
        let five = ["{args.0}", "{args.1}", "{args.2}", "{args.3}", "{args.4}"]
        #expect(try fill(Array(five.prefix(4)), payload: job(65_535, times: 4)).count == 4)
        #expect(try message(five, payload: job(65_535, times: 5)).hasPrefix("argument 5"))
        #expect(try message(five, payload: job(65_535, times: 5)).contains("more than 262144 bytes"))
    }
}
