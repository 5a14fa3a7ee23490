import Testing

@testable import JobModel

@Suite("In whose form times are written")
struct SidekiqMajorTests {
    @Test(
        "is told by a payload's own times",
        arguments: [
            (#"{"created_at":1794700000.5}"#, SidekiqMajor.seven), (#"{"created_at":1794700000000}"#, .eight),
            (#"{"created_at":"2026-11-14","failed_at":1794700000.25}"#, .seven), (#"{"class":"C"}"#, nil),
            ("no job", nil),
        ] as [(String, SidekiqMajor?)])
    func told(payload: String, major: SidekiqMajor?) {
        #expect(SidekiqMajor(writing: Array(payload.utf8)) == major)
    }
}
