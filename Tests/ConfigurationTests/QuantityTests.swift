import Testing

@testable import Configuration

@Suite("Durations, sizes and numbers as people write them")
struct QuantityTests {
    @Test(
        "durations",
        arguments: [
            ("30", 30), ("0", 0), ("0.25", 0.25), ("500ms", 0.5), ("5s", 5), ("5m", 300), ("2h", 7200), ("1d", 86_400),
            ("1.5h", 5400), ("1_000", 1000),
        ])
    func durations(text: String, seconds: Double) throws {
        #expect(try DurationText.seconds(text) == seconds)
    }

    @Test(
        "what is no duration is refused",
        arguments: ["", "s", "-5", "+5", "5 s", "5sec", "5M", "1h30m", ".5", "5.", "1.2.3", "1e3", "inf", "nan", "٣"])
    func noDurations(text: String) {
        #expect(throws: Mistake.self) { try DurationText.seconds(text) }
    }

    @Test(
        "sizes",
        arguments: [("0", 0), ("1048576", 1_048_576), ("64KB", 65_536), ("512MB", 512 << 20), ("2GB", 2 << 30)])
    func sizes(text: String, bytes: Int) throws {
        #expect(try SizeText.bytes(text) == bytes)
    }

    @Test(
        "what is no size is refused",
        arguments: ["", "MB", "64kb", "64K", "64KiB", "1TB", "-1", "1 MB", "99999999999GB"])
    func noSizes(text: String) {
        #expect(throws: Mistake.self) { try SizeText.bytes(text) }
    }

    @Test("shares", arguments: [("10%", 0.1), ("2.5%", 0.025), ("0%", 0), ("100%", 1)])
    func shares(text: String, share: Double) throws {
        #expect(try ShareText.share(text) == share)
        #expect(ShareText.text(share: share) == text)
    }

    @Test("what is no share is refused", arguments: ["", "%", "10", "0.1", "-1%", "10 %", "10%%", "5s%"])
    func noShares(text: String) {
        #expect(throws: Mistake.self) { try ShareText.share(text) }
    }

    @Test("whole numbers", arguments: [("0", 0), ("10", 10), ("-3", -3), ("+3", 3), ("10_000", 10_000)])
    func integers(text: String, number: Int) {
        #expect(Quantity.integer(text) == number)
    }

    @Test(
        "what is no whole number, or might be meant as octal, is refused",
        arguments: ["", "-", "1.0", "0x10", "010", "1e3", "_1", "1_", "ten", "٣", "99999999999999999999"])
    func noIntegers(text: String) {
        #expect(Quantity.integer(text) == nil)
    }

    @Test("values are shown the way they are written", arguments: ["1d", "2h", "5m", "5s", "500ms", "0s", "90s"])
    func shownDurations(text: String) throws {
        let shown = DurationText.text(seconds: try DurationText.seconds(text))
        #expect(try DurationText.seconds(shown) == DurationText.seconds(text))
        if text != "90s" { #expect(shown == text) }
    }
}
