/// A script that runs inside Redis, as one step nothing else comes between.
///
/// Its digest is not kept here: `SCRIPT LOAD` answers it, each connection asks once when it is opened
/// (`RedisConnection.open`) and sends `EVALSHA` from then on. A connection that did not load a script sends it whole.
package struct LuaScript: Sendable {
    package let name: String
    package let source: [UInt8]

    package init(name: String, source: [UInt8]) {
        self.name = name
        self.source = source
    }
}
