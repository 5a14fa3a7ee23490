import Glibc

/// What the first line of a script names: execve(2).
enum Interpreter {
    /// The kernel reads so much of a file to find out what it is.
    private static let headBytes = 256

    /// What a first line names.
    struct Named: Equatable {
        /// The path after `#!`, and what `env` in its place would find.
        var programs: [String] = []
        /// Where `env` would look before it finds that, or everywhere if it finds nothing.
        var before: [String] = []
    }

    /// What a script's first line names; nil for a file that is no script, or that may not be read.
    ///
    /// - Parameter searchPath: where `env` looks, directories separated by colons.
    /// - Throws: why that cannot be seen now.
    static func named(by path: String, searchPath: String) throws(SystemError) -> Named? {
        let file: FileDescriptor
        do throws(SystemError) {
            file = try FileDescriptor.open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK)
        } catch {
            // What may be executed and not read is no script.
            if [EACCES, EPERM].contains(error.code) { return nil }
            throw error
        }
        var head = [UInt8](repeating: 0, count: headBytes)
        let count = read(file.raw, &head, head.count)
        guard count > 2, head.starts(with: Array("#!".utf8)) else { return nil }
        let line = String(decoding: head[2..<count].prefix { $0 != 0x0A }, as: UTF8.self)
        let words = line.split { $0 == " " || $0 == "\t" }.map(String.init)
        guard let interpreter = words.first, interpreter.hasPrefix("/") else { return Named() }
        var named = Named(programs: [interpreter])
        guard interpreter.split(separator: "/").last == "env",
            let program = words.dropFirst().first(where: { !$0.hasPrefix("-") && !$0.contains("=") })
        else { return named }
        let found = Executable.find(program, inPath: searchPath)
        named.programs += found.map { [$0] } ?? []
        if !program.contains("/") {
            named.before = Array(Executable.candidates(program, inPath: searchPath).prefix { $0 != found })
        }
        return named
    }
}
