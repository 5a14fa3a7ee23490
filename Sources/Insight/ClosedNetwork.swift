/// So many slots, each of which computes for a while on one of a host's cores and then waits for something else, over and
/// over: what they get done together.
///
/// The model is the closed queueing network of one station with several servers and one where nobody waits for another
/// (Gross and Harris, Fundamentals of Queueing Theory, "machine repair"). Its throughput depends on the mean times alone as
/// long as cores are shared in turns, which is what a kernel does, so the figures are exact for it and no approximation.
package struct ClosedNetwork: Equatable, Sendable {
    /// How many can compute at once, above 0: fewer than the cores if a cgroup's limit says so.
    package var cores: Double
    /// Of one job, on a core. Seconds.
    package var cpuSeconds: Double
    /// Of one job, elsewhere. Seconds.
    package var ioSeconds: Double
    /// Jobs that share a process in which one of them computes at a time, as in a runtime with a global lock; 1 where each
    /// has its own.
    package var threads: Int

    package init(cores: Double, cpuSeconds: Double, ioSeconds: Double, threads: Int = 1) {
        self.cores = max(0.01, cores)
        self.cpuSeconds = max(0, cpuSeconds)
        self.ioSeconds = max(0, ioSeconds)
        self.threads = max(1, threads)
    }

    /// 0...1
    package var ioShare: Double {
        let all = cpuSeconds + ioSeconds
        return all > 0 ? ioSeconds / all : 0
    }

    /// Jobs a second that no number of slots passes; infinite if they need no core.
    package var limit: Double { cpuSeconds > 0 ? cores / cpuSeconds : .infinity }

    /// How many slots would do if jobs took turns perfectly, by Amdahl's law: on one core 1 / (1 - I/O share).
    package var perfectSlots: Double { cores / max(1e-9, 1 - ioShare) }

    /// Jobs a second with so many slots that always have work.
    package func throughput(_ slots: Int) -> Double {
        guard slots > 0 else { return 0 }
        let together = Self.throughput(slots, cores: cores, cpuSeconds, ioSeconds)
        guard threads > 1 else { return together }
        let (full, rest) = slots.quotientAndRemainder(dividingBy: threads)
        var locked = Double(full) * Self.throughput(threads, cores: 1, cpuSeconds, ioSeconds)
        if rest > 0 { locked += Self.throughput(rest, cores: 1, cpuSeconds, ioSeconds) }
        return min(together, locked)
    }

    /// What one slot more brings, as a share of what so many do: 0.02 for 2 %.
    package func gain(after slots: Int) -> Double {
        let present = throughput(slots)
        return present > 0 ? throughput(slots + 1) / present - 1 : 0
    }

    /// The smallest number of slots that does this share of `limit`, or `most` if not even those do.
    package func leastSlots(for share: Double, most: Int) -> Int {
        guard limit.isFinite else { return max(1, most) }
        let target = share * limit
        var (low, high) = (1, max(1, most))
        while low < high {
            let middle = (low + high) / 2
            if throughput(middle) >= target { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private static func throughput(_ slots: Int, cores: Double, _ cpu: Double, _ io: Double) -> Double {
        guard cpu > 0 else { return io > 0 ? Double(slots) / io : 0 }
        guard io > 0 else { return min(Double(slots), cores) / cpu }
        // How likely it is that k of them want a core, but for a common factor, and how many compute then.
        var (weight, total, computing) = (1.0, 1.0, 0.0)
        for k in 1...slots {
            let busy = min(Double(k), cores)
            weight *= Double(slots - k + 1) / io * cpu / busy
            total += weight
            computing += weight * busy
            if weight > 1e200 { (weight, total, computing) = (weight / 1e200, total / 1e200, computing / 1e200) }
        }
        return computing / total / cpu
    }
}
