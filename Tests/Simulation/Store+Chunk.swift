import JobModel
import Redis

@testable import Queueing

/// chunk.lua
extension Store {
    func chunk(_ chunk: Chunk, of identity: String, deepest: Int) -> Chunk.Answer {
        guard let held = reservations[identity]?[chunk.id] else { return .gone }
        if breakage != .chunkNotCompared {
            if held == chunk.after { return .pushed }
            if held != chunk.before { return .gone }
        }
        for (queue, _) in chunk.lists {
            if let refusal = refusal(.queue(queue)) { return .blocked(refusal) }
            let depth = queues[queue]?.count ?? 0
            if deepest > 0, depth >= deepest { return .deep(queue, jobs: depth) }
        }
        if chunk.children.contains(where: { $0.at != nil }), let refusal = refusal(.schedule) {
            return .blocked(refusal)
        }
        if isFull { return .blocked(RedisRefusal(code: "OOM", message: "OOM")) }
        reservations[identity]?[chunk.id] = chunk.after
        for child in chunk.children {
            if let at = child.at {
                add(child.payload, to: \.schedule, at: at, number: chunk.id.sequence)
            } else {
                push(child.payload, to: child.queue)
            }
        }
        books?.streamed(chunk, of: identity)
        return .pushed
    }
}
