import JobModel
import Testing

@testable import Configuration

@Suite("Which classes a pattern claims")
struct ClassPatternTests {
    @Test("a name claims itself, a prefix all that begins with it, a star everything")
    func matching() {
        #expect(ClassPattern("A").matches(JobClass("A")))
        #expect(!ClassPattern("A").matches(JobClass("AB")))
        #expect(ClassPattern("A::*").matches(JobClass("A::B")))
        #expect(!ClassPattern("A::*").matches(JobClass("A")))
        #expect(ClassPattern("*").matches(JobClass("anything")))
    }

    @Test("two spellings of one letter are two classes")
    func bytes() {
        #expect(!ClassPattern("caf\u{E9}").matches(JobClass("cafe\u{301}")))
        #expect(ClassPattern("caf\u{E9}") != ClassPattern("cafe\u{301}"))
    }

    @Test("an exact name wins over any prefix, a longer prefix over a shorter")
    func specificity() {
        #expect(ClassPattern("Report").isMoreSpecific(than: ClassPattern("Report*")))
        #expect(ClassPattern("A").isMoreSpecific(than: ClassPattern("Report*")))
        #expect(ClassPattern("Report*").isMoreSpecific(than: ClassPattern("Rep*")))
        #expect(ClassPattern("R*").isMoreSpecific(than: ClassPattern("*")))
        #expect(!ClassPattern("*").isMoreSpecific(than: ClassPattern("*")))
    }
}
