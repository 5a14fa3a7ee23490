import Queueing

/// All that the scheduler does, a line each.
enum TaskTable {
    static let tasks: [PeriodicTask] = [
        // It sleeps until the first job is due, but somebody may schedule one meanwhile that is due sooner. Jobs start at most
        // 1 s late: half of that for the wait, the rest for the way.
        PeriodicTask(name: "promote due jobs", interval: 0.5, runOnce: PromoteDueJobs.runOnce),
        // Tried at once when it is told; again if Redis was away then. What a killed worker held is to be back within 2 s.
        PeriodicTask(name: "rescue declared", interval: 0.5, runOnce: RescueOrphans.rescueDeclared),
        // A lease is 20 s: with this, what a vanished host held is back within 30 s.
        PeriodicTask(name: "rescue orphans", interval: 5, runOnce: RescueOrphans.runOnce),
        // A promise is of seconds, and a worker takes some to start.
        PeriodicTask(name: "watch the queues", interval: Double(PromiseRecord.interval), runOnce: WatchQueues.runOnce),
        // As often as Sidekiq's own servers and dashboards do it among them.
        PeriodicTask(name: "prune processes", interval: 60, runOnce: PruneProcesses.runOnce),
        // An operator who makes a server drop jobs hears of it within a minute.
        PeriodicTask(name: "inspect the server", interval: 30, runOnce: InspectServer.runOnce),
    ]
}
