import Glibc

/// What a figure depends on, without saying whose machine it is.
struct Machine: Encodable {
    let processor: String
    let processors: Int
    let kernel: String
    let redis: String
    /// Runnable processes, the mean of the minute before the bench: load average 1.
    let loadBefore: Double

    static var processors: Int { Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    init(_ server: Server) throws {
        let lines = Proc.text("/proc/cpuinfo").split(separator: "\n")
        let model = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        processor = model.map { $0.drop { $0 == " " }.description } ?? "unknown processor"
        processors = Self.processors
        kernel = String(Proc.text("/proc/sys/kernel/osrelease").prefix { $0.isNumber || $0 == "." })
        redis = try server.version()
        loadBefore = Proc.text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    var text: String {
        "\(processors) x \(processor), Linux \(kernel), Redis \(redis) on a unix socket, load before \(loadBefore)"
    }
}
