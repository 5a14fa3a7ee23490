import Platform
import Testing

@Suite("Compressed text")
struct ZlibTests {
    @Test("what was compressed unfolds to what it was", arguments: [0, 1, 1000, 3_000_000])
    func thereAndBack(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 100) }
        #expect(Zlib.decompress(Zlib.compress(bytes), atMost: 3_000_000) == bytes)
    }

    @Test("what is no stream, is cut off, or unfolds to more than it may, is refused")
    func refused() {
        let stream = Zlib.compress([UInt8](repeating: 7, count: 100_000))
        #expect(Zlib.decompress(stream, atMost: 99_999) == nil)
        #expect(Zlib.decompress(Array(stream.dropLast(10)), atMost: 1 << 20) == nil)
        #expect(Zlib.decompress(Array("no stream".utf8), atMost: 1 << 20) == nil)
        #expect(Zlib.decompress([], atMost: 1 << 20) == nil)
    }
}
