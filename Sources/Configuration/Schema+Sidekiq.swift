extension Schema {
    static let sidekiq = SchemaKey(
        "sidekiq", .word(["8", "7"]), .value("8"),
        "Whose forms are written where versions of Sidekiq differ, as the dashboard that looks at this Redis needs it. `8`: times "
            + "in payloads are whole milliseconds, as of Sidekiq 8. `7`: they are seconds with a fraction, as up to Sidekiq 7, and "
            + "metrics lie under the keys of that version. Both are always read.")
    static let capsules = SchemaKey(
        "capsules", .section, .meaning("none beside the one that `queues` and `concurrency` make up, called `default`"),
        "Sets of queues with slots of their own in each worker process, each under a name: jobs of one set never wait for a "
            + "slot of another. A queue may stand in several. `concurrency: auto` changes the slots of the top level's set only."
    )
    static let capsuleConcurrency = SchemaKey(
        "capsules.NAME.concurrency", .integer(1...1000), .meaning("as `concurrency`"), "Slots of this set.")
    static let capsuleQueues = SchemaKey(
        "capsules.NAME.queues", .queues, .required, "As `queues` of the top level.")
    static let iterationRuntime = SchemaKey(
        "max_iteration_runtime", .duration(1...30 * day), .meaning("no limit"),
        "A run of an iterable job that has taken so long is interrupted between two elements and goes to the back of its queue, "
            + "from where it goes on, so that other jobs get their turn.")

    /// Keys of each capsule.
    static let capsuleKeys = [capsuleConcurrency, capsuleQueues]
}
