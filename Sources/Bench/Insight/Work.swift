/// Jobs of one class that all cost the same; the handler is `Programs/truth.c`.
struct Work {
    var jobClass: String
    /// Microseconds of each.
    var sleep: Int
    var burn: Int
    /// KiB touched and given back, and touched and kept.
    var peak = 0
    var keep = 0

    /// Jobs of so many microseconds, of which this share is waiting.
    ///
    /// - Parameter share: per cent.
    init(share: Int, microseconds: Int) {
        jobClass = "Share\(share)Job"
        sleep = microseconds * share / 100
        burn = microseconds - sleep
    }

    init(_ jobClass: String, sleep: Int = 0, burn: Int = 0, peak: Int = 0, keep: Int = 0) {
        self.jobClass = jobClass
        self.sleep = sleep
        self.burn = burn
        self.peak = peak
        self.keep = keep
    }

    /// Jobs per second that so many slots could do on so many processors, if nothing cost anything.
    func ideal(slots: Int, processors: Int) -> Double {
        let free = Double(slots) / Double(sleep + burn)
        return 1e6 * (burn == 0 ? free : min(free, Double(processors) / Double(burn)))
    }

    /// The jid of the job with this number.
    func jid(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return jobClass.lowercased().filter(\.isHexDigit).prefix(8)
            + String(repeating: "0", count: max(0, 16 - digits.count)) + digits
    }

    /// Puts jobs into the queue; they are made in Redis, which is much quicker than sending them.
    ///
    /// - Parameter random: the peak of each is drawn anew between 0 and `peak`.
    func push(_ jobs: Range<Int>, on server: Server, random: Bool = false) throws {
        // KEYS queue; ARGV first, last, class, text of the arguments, prefix of the jid, peak or 0
        let script = """
            math.randomseed(ARGV[1])
            for number = tonumber(ARGV[1]), tonumber(ARGV[2]) do
              local peak = ARGV[7] == '1' and math.random(0, ARGV[6]) or ARGV[6]
              redis.call('LPUSH', KEYS[1], '{"class":"' .. ARGV[3] .. '","args":[' .. ARGV[4] .. ',' .. peak .. ',' ..
                ARGV[8] .. '],"jid":"' .. ARGV[5] .. string.format('%016x', number) ..
                '","queue":"default","retry":true,"created_at":1795315261885,"enqueued_at":1795315261885}')
            end
            """
        let prefix = String(jid(0).dropLast(16))
        for start in stride(from: jobs.lowerBound, to: jobs.upperBound, by: 10_000) {
            let last = min(start + 10_000, jobs.upperBound) - 1
            try server.call(
                "EVAL", script, "1", "queue:default", "\(start)", "\(last)", jobClass, "\(sleep),\(burn)", prefix,
                "\(peak)", random ? "1" : "0", "\(keep)")
        }
        try server.call("SADD", "queues", "default")
    }
}
