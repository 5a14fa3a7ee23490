import TestSupport
import Testing

@testable import Redis

@Suite("A server that lies about its answers is given up before they cost anything")
struct ReplyReaderTests {
    private func read(_ text: String, mostBytes: Int = ReplyReader.mostBytes) throws -> [RedisReply] {
        var reader = ReplyReader(mostBytes: mostBytes)
        var replies: [RedisReply] = []
        // As it may come: a byte at a time.
        for byte in text.utf8 {
            try withUnsafeBytes(of: byte) { try reader.feed($0) }
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test(
        "lengths below nothing, arrays beyond all bounds or too deep, and what is no reply at all",
        arguments: [
            "$-2\r\n", "*-2\r\n", "*2147483647\r\n", "*1048577\r\n", "*4294967296\r\n", "$99999999999999999999\r\n",
            "*2\r\n:1\r\n*1048577\r\n", String(repeating: "*1\r\n", count: 9), "!what\r\n", "HTTP/1.1 400\r\n",
            "\u{0}\r\n",
            "$x\r\n", "\r\n",
        ])
    func lies(text: String) throws {
        #expect(throws: RedisError.self) { try read(text) }
    }

    @Test("an answer that does not end is given up after so many bytes, one that does is not counted against the next")
    func endless() throws {
        let short = "$10\r\n0123456789\r\n"
        #expect(try read(String(repeating: short, count: 100), mostBytes: 40).count == 100)
        #expect(throws: RedisError.self) { try read("$1000000000000\r\n" + short + short + short, mostBytes: 40) }
        #expect(throws: RedisError.self) { try read("*1000\r\n" + short + short + short, mostBytes: 40) }
    }

    @Test("what is large and true is read")
    func large() throws {
        let elements = "*1000\r\n" + String(repeating: ":7\r\n", count: 1000)
        #expect(try read(elements) == [.array(Array(repeating: .integer(7), count: 1000))])
        #expect(try read(String(repeating: "*1\r\n", count: 7) + ":1\r\n").count == 1)
    }
}
