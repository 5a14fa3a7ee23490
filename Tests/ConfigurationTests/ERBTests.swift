import Testing

@testable import Configuration

@Suite("ERB in a Sidekiq file: values of the environment, and conditions on them")
struct ERBTests {
    static let variables = ["X": "7", "EMPTY": "", "NAME": " Blue ", "LINE": "a\nb"]

    /// Each with what it prints; `RubyAgreementTests` asks Ruby.
    static let printed = [
        (#"ENV["X"]"#, "7"), ("ENV['NONE']", ""), (#"ENV["NONE"] || 5"#, "5"), (#"ENV["EMPTY"] || 5"#, ""),
        (#"ENV["EMPTY"].presence || 5"#, "5"), (#"ENV.fetch("X", 5)"#, "7"), (#"ENV.fetch("NONE", 5)"#, "5"),
        (#"ENV.fetch("NONE") { 5 }"#, "5"), (#"ENV.fetch("NONE") do 5 end"#, "5"),
        (#"ENV.fetch("NONE") { |name| 5 }"#, "5"), (#"ENV.fetch("NONE") { ENV.fetch("X") }"#, "7"),
        (#"ENV.fetch("X", 5).to_i * 2 + 1"#, "15"), (#"Integer(ENV["X"]) - 10"#, "-3"), ("-7 / 2", "-4"),
        ("-7 % 3", "2"), ("7 % -3", "-2"), ("2 + 3 * (4 - 1)", "11"), (#"ENV["NONE"].to_i"#, "0"),
        (#"" 12_000 jobs".to_i"#, "12000"), (#""jobs".to_i"#, "0"), (#"ENV["NAME"].strip.downcase"#, "blue"),
        (#"ENV["NONE"]&.strip"#, ""), (#"ENV["X"] == "7" ? "a" : "b""#, "a"),
        (#"ENV["X"].to_i > 6 && !ENV.key?("NONE") ? 1 : 2"#, "1"), (#"ENV["NONE"].nil? ? 1 : 2"#, "1"),
        ("Rails.env", "production"), ("Rails.env.production? ? 25 : 5", "25"), ("Rails.env.test?", "false"),
        (#"Rails.env == "test" ? 1 : 2"#, "2"), (#""q_#{ENV["X"]}_#{1 + 1}""#, "q_7_2"),
        (#"'q_#{1}'"#, "q_#{1}"), (#"[ENV["X"].to_i, 10].max"#, "10"), (#"[ENV["X"].to_i, 10].min"#, "7"),
        (#"%w[a b 7].include?(ENV["X"])"#, "true"), (#"ENV["X"].to_i.clamp(1, 5)"#, "5"), (":low", "low"),
        (#"ENV["X"] != "8" # a comment"#, "true"), ("10_000", "10000"), ("nil || false", "false"),
        (#"'[' + ' a '.chomp + ']'"#, "[ a ]"), (#"ENV["X"].in?(%w[6 7])"#, "true"), (#"true ? "a":"b""#, "a"),
        ("String(5)", "5"), ("-5.clamp(1, 3)", "1"), ("- 5.clamp(1, 3)", "-3"), ("2 -1", "1"),
    ]

    private func evaluated(_ text: String) -> ERBTemplate.Result {
        ERBTemplate.evaluate(text, variables: Self.variables, section: "production")
    }

    @Test(
        "an expression comes to what it comes to in Ruby",
        arguments: printed)
    func expressions(ruby: String, text: String) {
        let result = evaluated("<%= \(ruby) %>")
        #expect(result.mistakes == [])
        #expect(String(result.text) == text)
    }

    @Test(
        "a hyphen in a tag takes away the blanks before it, or the line break after it; places stay those of the file")
    func trimmed() {
        let result = evaluated("a: 1\n  <%- if true -%>\nb: <%= 2 -%>\n\n<%- end -%>\nc: <%= nope %>\n")
        #expect(String(result.text).split(whereSeparator: \.isNewline) == ["a: 1", "b: 2", "c: "])
        #expect(result.mistakes.map(\.place) == [Place(line: 6, column: 8)])
    }

    @Test("a text cannot grow without end, and a thousand mistakes are told as a hundred")
    func bounded() {
        let grown = evaluated("<% a = 'x' %>" + String(repeating: "<% a = a + a %>", count: 40))
        #expect(grown.mistakes.first?.message.contains("the text is too long") == true)
        let joined = evaluated("<% a = 'x' %>" + String(repeating: ##"<% a = "#{a}#{a}" %>"##, count: 20))
        #expect(joined.mistakes.first?.message.contains("the text is too long") == true)
        #expect(evaluated(String(repeating: "a: <%= nope %>\n", count: 1000)).mistakes.count == 100)
    }

    @Test(
        "what is not known is refused, and so is what fails in Ruby, too",
        arguments: [
            ("`date`", "is not understood"), ("File.read('x')", "`File` is not known here"),
            ("Etc.nprocessors", "`Etc` is not known here"), ("system('true')", "`system` is not known here"),
            ("Rails.root", "`Rails` is not known here"), (#"ENV.to_h"#, "`to_h` is not known here"),
            (#"ENV["X"].gsub("a", "b")"#, "`.gsub` of a text is not known here"), ("1.5", "only whole decimal numbers"),
            ("1 +", "something is missing at the end"), ("1 2", "`2` is not known here"), ("", "something is missing"),
            ("\"a", "the quote is not closed"), (#""\n""#, "of escapes only"), ("5 -", "something is missing"),
            (#"ENV.fetch("NONE")"#, "the variable `NONE` is not set"), (#"Integer("a")"#, "that is no whole number"),
            (#"ENV["X"] * 2"#, "is given a text and a number"), ("1 / 0", "`/` has no result"),
            ("9223372036854775807 + 1", "`+` has no result"), ("[1]", "a list comes out of it"),
            (#"ENV["LINE"]"#, "has line breaks or control characters"), ("ENV['NONE'].strip", "`.strip` of nil"),
        ])
    func refused(ruby: String, reason: String) {
        let mistakes = evaluated("a: <%= \(ruby) %>").mistakes
        #expect(mistakes.count == 1)
        #expect(mistakes.first?.message.contains(reason) == true, "\(mistakes)")
    }

    @Test("deep nesting ends with a mistake, not with a crash", arguments: ["(", "!", "-", "[", "ENV[", "1?"])
    func deep(part: String) {
        #expect(evaluated("<%= \(String(repeating: part, count: 100_000)) %>").mistakes.count == 1)
    }

    @Test("of a condition one part is taken, and each line keeps its number")
    func conditions() {
        let text = """
            <% if ENV["X"] == "8" %>
            a
            <% elsif ENV["X"] == "7" %>
            b
            <% unless ENV["NONE"] %>
            c
            <% else %>
            d
            <% end %>
            <% else %>
            e
            <% end %>
            f <%= "g" %> <%# h %>i <%% j %>
            """
        let result = evaluated(text)
        #expect(result.mistakes == [])
        let lines = String(result.text).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines.map { $0.split(separator: " ").joined(separator: " ") } == [
                "", "", "", "b", "", "c", "", "", "", "", "", "", "f g i <% j %>",
            ])
    }

    @Test("a part that is left out is not evaluated")
    func idle() {
        let text = #"<% if false %><%= ENV.fetch("NONE") %><% x = Etc.x %><% if Etc.x %>a<% end %><% end %>b"#
        #expect(evaluated(text).mistakes == [])
        #expect(String(evaluated(text).text) == "b")
    }

    @Test("names can be given to values")
    func locals() {
        let text = #"<% n = ENV["X"].to_i %><% n ||= 5 %><% m ||= n + 1 %><%= n * m %>"#
        #expect(String(evaluated(text).text) == "56")
    }

    @Test("a mistake has the place of the word that is not understood")
    func places() {
        let result = evaluated("a: 1\nb: <%= 2 +\n  Etc.x %>\n<% end %>\n<% else %>\n<% if 1 %>\n<%= 1")
        #expect(
            result.mistakes.map(\.place) == [
                Place(line: 3, column: 3), Place(line: 4, column: 4), Place(line: 5, column: 4),
                Place(line: 7, column: 1),
            ])
    }

    @Test("a place in what was evaluated is found in the file")
    func placesOfValues() {
        let result = evaluated("<% if true %>\nab: [<%= ENV[\"NAME\"] %>, c, <%=\n\n 5 %>] # d\ne: f <%# x\n %>g\nh\n")
        let text = String(result.text)
        #expect(text == "\nab: [ Blue , c, 5] # d\n\n\ne: f g\n\nh\n")
        let expected = [
            (Place(line: 2, column: 5), Place(line: 2, column: 5)),
            (Place(line: 2, column: 7), Place(line: 2, column: 6)),
            (Place(line: 2, column: 14), Place(line: 2, column: 26)),
            (Place(line: 2, column: 17), Place(line: 2, column: 29)),
            (Place(line: 2, column: 18), Place(line: 4, column: 6)),
            (Place(line: 5, column: 1), Place(line: 5, column: 1)),
            (Place(line: 5, column: 6), Place(line: 6, column: 4)),
            (Place(line: 7, column: 1), Place(line: 7, column: 1)),
        ]
        for (place, source) in expected { #expect(result.places.source(of: place) == source, "\(place)") }
    }

    @Test("what YAML does not read, since it is a comment, does no harm")
    func comments() {
        let result = evaluated("a: 1\n  # b: <%= Socket.gethostname %>\n# <% foo.each do |x| %>\n# x\n# <% end %>\n")
        #expect(result.mistakes == [])
        #expect(String(result.text) == "a: 1\n  # b: \n# \n\n\n")
    }

    @Test("in a file of Martlet's it does not count")
    func ours() {
        let problems = Fixture.problems("concurrency: <%= 5 %>\nhandlers:\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasSuffix("ERB (`<% … %>`) counts in a Sidekiq file only: write the value") == true)
    }
}
