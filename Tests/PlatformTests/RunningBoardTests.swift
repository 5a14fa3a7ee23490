import Glibc
import Platform
import Testing

@Suite("The board of runs that outlives its worker")
struct RunningBoardTests {
    @Test("what one side writes the other one reads, after the first has gone")
    func shared() throws {
        let file = try RunningBoard.make()
        let theirs = try RunningBoard(mapping: file.raw)
        do {
            let ours = try RunningBoard(mapping: file.raw)
            ours.set(7, slot: 0)
            ours.set(1 << 53, slot: RunningBoard.slots - 1)
            ours.set(9, slot: 3)
            ours.set(nil, slot: 3)
            ours.set(5, slot: RunningBoard.slots)
        }
        #expect(theirs.running == [7, 1 << 53])
    }

    @Test("no other file is mapped: access behind its end would be fatal")
    func others() throws {
        let small = try FileDescriptor.memory("small", containing: [1])
        let pipe = try FileDescriptor.pipe()
        for raw in [small.raw, pipe.read.raw, 1_000_000] {
            #expect(throws: SystemError.self) { try RunningBoard(mapping: raw) }
        }
    }
}
