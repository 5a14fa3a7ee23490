package import Platform

/// What a child of the supervisor is there for. The name is what logs and `ps` show.
package enum ChildRole: String, CaseIterable, Sendable {
    case worker
    case scheduler
    case redisServer = "redis-server"

    /// Whether the child is one of our own roles: it finds a control channel on descriptor 3 and its settings on
    /// descriptor 4, and says `ready`. redis-server is somebody else's program and gets neither.
    package var speaksControl: Bool {
        switch self {
        case .worker, .scheduler: true
        case .redisServer: false
        }
    }

    /// The turn in which children of this role are told to stop; a turn begins when the one before it is empty.
    ///
    /// The scheduler outlives the workers because it rescues the jobs of a worker that dies while it stops, and both
    /// outlive the embedded redis-server because they settle their jobs there.
    var stopTurn: Int {
        switch self {
        case .worker: 0
        case .scheduler: 1
        case .redisServer: 2
        }
    }
}

/// One child the supervisor keeps alive: its role, its number among its like, and how it is started.
package struct ChildSpec: Sendable {
    package let role: ChildRole
    /// 0 for the first of its role. Role and index together name the child for as long as the service runs.
    package let index: Int
    /// How it is started. The loop sets the process group and the parent-death signal, and adds descriptors 3 (control)
    /// and 4 (settings) for a role that speaks control, 5 (board of runs) for a worker; everything else is the planner's.
    package let process: ProcessSpec

    package init(role: ChildRole, index: Int = 0, process: ProcessSpec) {
        self.role = role
        self.index = index
        self.process = process
    }

    var name: SeatName { SeatName(role: role, index: index) }

    /// The specification to spawn, with what is the same for every child of a role.
    ///
    /// Own process group: Ctrl-C on a terminal reaches the supervisor only, which passes on what it decides. Our own
    /// roles get no parent-death signal, since they notice end of file on the control channel and clean up after
    /// themselves; redis-server would not notice.
    func processToSpawn(control: Int32?, settings: Int32?, board: Int32? = nil) -> ProcessSpec {
        var spec = process
        spec.group = .own
        spec.parentDeathSignal = role.speaksControl ? nil : .terminate
        if let control { spec.descriptors.append((child: 3, parent: control)) }
        if let settings { spec.descriptors.append((child: 4, parent: settings)) }
        if let board { spec.descriptors.append((child: 5, parent: board)) }
        return spec
    }
}

extension ChildSpec: Equatable {
    /// Whether a child started from either would be the same child; a reload leaves a redis-server alone by this.
    package static func == (one: ChildSpec, other: ChildSpec) -> Bool {
        one.role == other.role && one.index == other.index
            && one.process.executable == other.process.executable
            && one.process.arguments == other.process.arguments
            && one.process.environment == other.process.environment
            && one.process.directory == other.process.directory
            && one.process.credentials == other.process.credentials
            && one.process.noNewPrivileges == other.process.noNewPrivileges
            && one.process.openFilesLimit == other.process.openFilesLimit
            && one.process.descriptors.elementsEqual(other.process.descriptors, by: ==)
    }
}

/// What names a child across restarts and reloads: "worker 1", "scheduler".
struct SeatName: Hashable, Sendable, CustomStringConvertible {
    let role: ChildRole
    let index: Int

    var description: String { role == .worker ? "worker \(index)" : role.rawValue }
}
