package import Insight
package import JobModel
package import Redis

/// What runs of one process have cost, on its way to Redis. It is added there at most once, however often it is sent: so
/// one whose answer was lost is sent again, as it was.
package struct CostParcel: Equatable, Sendable {
    /// Redis does nothing else meanwhile: about 0.1 ms a class.
    package static let mostClasses = 16

    /// Of the process.
    package var identity: String
    /// Counts up with each parcel of the process, from 1, in the order in which they are sent.
    package var number: Int
    /// When it was packed: says under which minute and hour it is filed.
    package var at: Timestamp
    /// When the first of its runs may have ended.
    package var since: Timestamp
    /// At most `mostClasses`.
    package var classes: [ClassEntry]
    package var handlers: [MallocEntry]

    package struct ClassEntry: Equatable, Sendable {
        /// `Job.route`, as text.
        package var name: String
        package var cost: ClassCost

        package init(name: String, cost: ClassCost) {
            self.name = name
            self.cost = cost
        }
    }

    /// How much memory the runs of a handler needed under one setting of malloc.
    package struct MallocEntry: Equatable, Sendable {
        package var handler: String
        /// As it is written in the configuration: "arenas=2".
        package var setting: String
        package var peaks: MallocPeaks

        package init(handler: String, setting: String, peaks: MallocPeaks) {
            self.handler = handler
            self.setting = setting
            self.peaks = peaks
        }
    }

    package init(
        identity: String, number: Int, at: Timestamp, since: Timestamp, classes: [ClassEntry],
        handlers: [MallocEntry] = []
    ) {
        self.identity = identity
        self.number = number
        self.at = at
        self.since = since
        self.classes = classes
        self.handlers = handlers
    }

    package var command: RedisCommand {
        precondition(classes.count <= Self.mostClasses, "a parcel is at most \(Self.mostClasses) classes")
        let date = CalendarDate(at)
        let names = [CostFields.others] + classes.map(\.name)
        let keys =
            [Keys.costParcel(identity), Keys.costClasses]
            + names.flatMap { [Keys.minuteCost($0, date), Keys.hourCost($0, date)] }
            + handlers.map { Keys.mallocCost($0.handler) }
        var command = RedisCommand(running: Scripts.cost, keys: keys)
        command.add(number)
        command.add(CostFields.parcelSeconds)
        command.add(CostFields.mostClasses)
        command.add(CostFields.minuteSeconds)
        command.add(CostFields.hourSeconds)
        command.add(Int(since.seconds))
        command.add(classes.count)
        for entry in classes {
            command.add(entry.name)
            for list in [CostFields.added(entry.cost), CostFields.raised(entry.cost)] {
                command.add(list.count)
                for (field, number) in list {
                    command.add(field)
                    command.add(number)
                }
            }
        }
        command.add(handlers.count)
        for entry in handlers {
            command.add(entry.setting)
            for number in [entry.peaks.runs, entry.peaks.sumKB, entry.peaks.highestKB] { command.add(number) }
        }
        return command
    }

    /// - Returns: whether it was added now, and not before.
    package static func isNew(_ reply: RedisReply) throws(RedisError) -> Bool {
        guard let added = try reply.accepted().integer else { throw .unreadable("cost") }
        return added == 1
    }
}
