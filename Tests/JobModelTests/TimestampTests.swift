import JobModel
import Testing

@Suite("When a payload says something happened")
struct TimestampTests {
    private func read(_ literal: String) throws -> Int64? {
        try object("{\"at\":\(literal)}").timestamp("at")?.milliseconds
    }

    @Test(
        "every producer's style is understood",
        arguments: [
            ("1795315261885", 1_795_315_261_885),  // Sidekiq 8: integer milliseconds
            ("1795315261.885", 1_795_315_261_885),  // Sidekiq 7: float seconds
            ("1795315261", 1_795_315_261_000),  // foreign clients: integer seconds
            ("1795315261885.0", 1_795_315_261_885_000),  // a fraction means seconds, even where it looks wrong
            ("1.795315261885e9", 1_795_315_261_885), ("0", 0), ("-5", -5000), ("-1.5", -1500),
            ("99999999999", 99_999_999_999_000), ("100000000000", 100_000_000_000),
            ("\"1795315261885\"", 1_795_315_261_885), ("\"1795315261.885\"", 1_795_315_261_885),
            ("\"1795315261\"", 1_795_315_261_000),
        ])
    func styles(_ literal: String, _ milliseconds: Int64) throws {
        #expect(try read(literal) == milliseconds)
    }

    @Test(
        "dates written out are understood",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-01-03T09:05:07Z", 1_767_431_107_000),
            ("2026-01-03T09:05:07.25Z", 1_767_431_107_250), ("2026-01-03T09:05:07.123456Z", 1_767_431_107_123),
            ("2026-01-03t09:05:07,5z", 1_767_431_107_500), ("2026-01-03T11:05:07+02:00", 1_767_431_107_000),
            ("2026-01-03T04:05:07-0500", 1_767_431_107_000), ("2026-01-03T10:05:07+01", 1_767_431_107_000),
            ("2026-01-03 09:05:07 UTC", 1_767_431_107_000), ("2026-01-03 11:05:07 +0200", 1_767_431_107_000),
            ("2026-01-03T09:05:07", 1_767_431_107_000), ("2026-01-03T09:05Z", 1_767_431_100_000),
            ("2026-01-03", 1_767_398_400_000), ("2024-02-29", 1_709_164_800_000), ("2000-02-29", 951_782_400_000),
            ("2100-03-01", 4_107_542_400_000), ("2038-01-19T03:14:08Z", 2_147_483_648_000),
            ("1969-12-31T23:59:59Z", -1000), ("0000-03-01", -62_162_035_200_000), ("9999-12-31", 253_402_214_400_000),
            ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ])
    func dates(_ text: String, _ milliseconds: Int64) throws {
        #expect(try read("\"\(text)\"") == milliseconds)
    }

    @Test(
        "what is no instant is none",
        arguments: [
            "null", "true", "[]", "{}", "\"\"", "\"soon\"", "\"nan\"", "\"inf\"", "\"0x10\"", "\"-\"", "\"1 \"",
            "\"1e\"",
            "\"2026-13-01\"", "\"2026-00-01\"", "\"2026-02-30\"", "\"2023-02-29\"", "\"2100-02-29\"", "\"2026-04-31\"",
            "\"2026-01-00\"", "\"2026-1-3\"", "\"2026-01-03T\"", "\"2026-01-03T24:00:00Z\"", "\"2026-01-03T09:60Z\"",
            "\"2026-01-03T09:05:61Z\"", "\"2026-01-03T09:05:07.Z\"", "\"2026-01-03T09:05:07+2\"",
            "\"2026-01-03T09:05:07ZZ\"",
            "\"2026-01-03T09:05:07 CET\"", "\"x2026-01-03\"",
        ])
    func nonsense(_ literal: String) throws {
        #expect(try read(literal) == nil)
    }

    @Test(
        "absurd instants are kept within bounds instead of overflowing",
        arguments: [
            ("1e18", 9_007_199_254_740_991), ("1e400", 9_007_199_254_740_991), ("-1e400", -9_007_199_254_740_991),
            ("9223372036854775807", 9_007_199_254_740_991), ("-9223372036854775808", -9_007_199_254_740_991),
            ("123456789012345678901234567890", 9_007_199_254_740_991),
        ])
    func absurd(_ literal: String, _ milliseconds: Int64) throws {
        #expect(try read(literal) == milliseconds)
    }

    @Test("seconds and milliseconds convert into each other, and no number of seconds crashes")
    func conversion() {
        #expect(Timestamp(seconds: 1_795_315_261.885).milliseconds == 1_795_315_261_885)
        #expect(Timestamp(milliseconds: 1_795_315_261_885).seconds == 1_795_315_261.885)
        #expect(Timestamp(seconds: .nan).milliseconds == 0)
        #expect(Timestamp(seconds: .infinity).milliseconds == 9_007_199_254_740_991)
        #expect(Timestamp(milliseconds: 1) < Timestamp(milliseconds: 2))
    }
}
