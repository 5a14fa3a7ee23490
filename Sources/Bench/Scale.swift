/// How much of everything the bench does.
struct Scale {
    /// What takes about a second on two processors of 2024.
    var jobs: Int
    var pythonJobs: Int
    var largeJobs: Int
    var distantJobs: Int
    var spawns: Int
    var sleeps: Int
    var burns: Int
    var latencies: Int
    var due: Int
    var lateSeconds: Double
    var idleSeconds: Double
    /// How many jobs wait behind those that are done; the first is what the others are compared with.
    var depths: [Int]
    var slots: Int
    var repetitions: Int

    static let full = Scale(
        jobs: 60_000, pythonJobs: 30_000, largeJobs: 2_000, distantJobs: 15_000, spawns: 2_000, sleeps: 4_000,
        burns: 1_500, latencies: 200, due: 100_000, lateSeconds: 3, idleSeconds: 5,
        depths: [1_000, 10_000, 100_000, 1_000_000], slots: 1_000, repetitions: 5)
    /// About a minute for all.
    static let quick = Scale(
        jobs: 20_000, pythonJobs: 10_000, largeJobs: 500, distantJobs: 5_000, spawns: 500, sleeps: 800, burns: 400,
        latencies: 50, due: 20_000, lateSeconds: 1, idleSeconds: 2, depths: [1_000, 100_000], slots: 200, repetitions: 1
    )
}
