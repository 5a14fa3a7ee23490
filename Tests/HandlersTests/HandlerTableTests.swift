import Configuration
import JobModel
import Testing

@testable import Handlers

@Suite("Which handler takes a class")
struct HandlerTableTests {
    private func table(_ handlers: [[String]]) -> HandlerTable {
        HandlerTable(
            handlers.enumerated().map { index, classes in
                HandlerSettings(
                    name: "h\(index)", command: ["x"], executable: "/x", classes: classes.map { ClassPattern($0) },
                    directory: "/")
            })
    }

    @Test("an exact name wins over a prefix, a longer prefix over a shorter one, and * takes the rest")
    func order() {
        let table = table([["*"], ["Reports::*"], ["Reports::Daily*"], ["Reports::DailyJob"]])
        #expect(table.handler(for: JobClass("Reports::DailyJob")) == 3)
        #expect(table.handler(for: JobClass("Reports::DailyJobs")) == 2)
        #expect(table.handler(for: JobClass("Reports::Weekly")) == 1)
        #expect(table.handler(for: JobClass("Reports")) == 0)
        #expect(table.handler(for: JobClass("X")) == 0)
    }

    @Test("a class nobody names has no handler")
    func none() {
        #expect(table([["A"], ["B*"]]).handler(for: JobClass("C")) == nil)
        #expect(table([["A"]]).handler(for: JobClass("a")) == nil)
    }

    @Test("two spellings of one accent are two classes")
    func bytes() {
        let table = table([["Caf\u{E9}"], ["Cafe\u{301}"]])
        #expect(table.handler(for: JobClass("Caf\u{E9}")) == 0)
        #expect(table.handler(for: JobClass("Cafe\u{301}")) == 1)
        // A prefix that ends inside a character of the class is no match of characters, but one of bytes.
        #expect(self.table([["Caf*"]]).handler(for: JobClass("Cafe\u{301}")) == 0)
    }
}
