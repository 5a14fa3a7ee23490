import Glibc

/// Memory that a worker shares with its supervisor: what its slots are doing, readable after the worker was killed.
///
/// Each slot is one number, the reservation it runs; 0 is idle. Whoever writes is the worker's leader; the supervisor reads
/// when the worker has ended, so nothing else orders the two.
package final class RunningBoard: @unchecked Sendable {
    /// As many as a worker may have.
    package static let slots = 1000
    private static let bytes = slots * MemoryLayout<UInt64>.stride

    private let numbers: UnsafeMutableBufferPointer<UInt64>

    /// Maps the memory; the descriptor is not needed afterwards.
    ///
    /// - Parameter raw: of a file that `make` made.
    /// - Throws: if it is none, or there is no address space.
    package init(mapping raw: Int32) throws(SystemError) {
        var status = stat()
        guard fstat(raw, &status) == 0 else { throw SystemError.last("look at the board of runs") }
        // Access beyond the end of a file is SIGBUS.
        guard status.st_mode & S_IFMT == S_IFREG, status.st_size == Self.bytes else {
            throw SystemError(code: EINVAL, doing: "map the board of runs")
        }
        let memory = mmap(nil, Self.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0)
        guard let memory, memory != MAP_FAILED else { throw SystemError.last("map the board of runs") }
        numbers = UnsafeMutableBufferPointer(
            start: memory.bindMemory(to: UInt64.self, capacity: Self.slots), count: Self.slots)
    }

    deinit { munmap(numbers.baseAddress, Self.bytes) }

    /// An empty board: a memory file, close-on-exec.
    package static func make() throws(SystemError) -> FileDescriptor {
        try FileDescriptor.memory("martlet-running", containing: [UInt8](repeating: 0, count: bytes))
    }

    /// - Parameter reservation: nil when the slot is free.
    package func set(_ reservation: UInt64?, slot: Int) {
        guard numbers.indices ~= slot else { return }
        numbers[slot] = reservation ?? 0
    }

    /// The reservations that run.
    package var running: [UInt64] { numbers.filter { $0 != 0 } }
}
