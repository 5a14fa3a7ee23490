import Testing

@testable import Configuration

@Suite("What an unknown word was meant to be")
struct SuggestionTests {
    private let keys = ["concurrency", "timeout", "queues", "handlers", "max_retries", "log", "tag"]

    @Test(
        "a slip of the finger is recognised",
        arguments: [
            ("concurency", "concurrency"), ("conurrencyy", "concurrency"), ("tiemout", "timeout"), ("queue", "queues"),
            ("Handlers", "handlers"), ("maxRetries", "max_retries"), ("max-retries", "max_retries"), ("tags", "tag"),
            ("conc", "concurrency"),
        ])
    func near(word: String, meant: String) {
        #expect(Suggestion.nearest(to: word, among: keys) == meant)
    }

    @Test("a word that resembles nothing is given no advice", arguments: ["", "x", "database", "lag-ho", "____"])
    func far(word: String) {
        #expect(Suggestion.nearest(to: word, among: keys) == nil)
    }
}
