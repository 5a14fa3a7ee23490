import Glibc

/// The kits, each with a job that does nothing.
struct KitProgram {
    let name: String
    /// Run in the workshop.
    let command: [String]
    /// How many of its jobs take as long as one job of C.
    let slowness: Int

    /// Those whose interpreter is installed.
    static var installed: [KitProgram] { all.filter { access($0.command[0], X_OK) == 0 } }

    private static let all = [
        KitProgram(name: "Python", command: ["/usr/bin/python3", kit("python/martlet.py"), "kit.py"], slowness: 2),
        KitProgram(name: "Ruby", command: ["/usr/bin/ruby", kit("ruby/martlet.rb"), "./kit.rb"], slowness: 2),
        KitProgram(name: "Node", command: [node, kit("node/martlet.mjs"), "kit.mjs"], slowness: 2),
        KitProgram(name: "shell", command: ["/bin/bash", kit("shell/martlet.sh"), "kit.sh"], slowness: 30),
        KitProgram(name: "Swift", command: [beside("KitFixture")], slowness: 2),
    ]

    private static let node = access("/usr/local/bin/node", X_OK) == 0 ? "/usr/local/bin/node" : "/usr/bin/node"

    /// A kit's file in the tree that the bench was built from.
    private static func kit(_ name: String) -> String {
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Kits/\(name)"
    }

    /// A program that was built with the bench.
    private static func beside(_ name: String) -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = max(readlink("/proc/self/exe", &buffer, buffer.count), 0)
        let path = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return "/" + path.split(separator: "/").dropLast().joined(separator: "/") + "/\(name)"
    }
}
