/// Thrown by a job that wants to be run again in so many seconds; it costs no retry.
public struct Snooze: Error {
    public let seconds: Double
    public init(seconds: Double) { self.seconds = seconds }
}

/// Thrown by a job that failed, and that is to be tried again in so many seconds, above 0, rather than by its own rules.
public struct Retry: Error {
    public let seconds: Double
    public let message: String
    let place: String

    public init(
        seconds: Double, _ message: String? = nil, file: String = #fileID, line: Int = #line,
        function: String = #function
    ) {
        self.seconds = seconds
        self.message = message ?? "again in \(seconds) s"
        place = "\(file):\(line) in \(function)"
    }
}

/// Thrown by a job that is to be dropped.
public struct Discard: Error {
    public init() {}
}

/// Thrown by a job that failed, and for which trying again is pointless.
public struct Dead: Error {
    public let message: String
    /// What is stored as the class of the error.
    public let errorClass: String
    let place: String

    public init(
        _ message: String, class errorClass: String = "Dead", file: String = #fileID, line: Int = #line,
        function: String = #function
    ) {
        self.message = message
        self.errorClass = errorClass
        place = "\(file):\(line) in \(function)"
    }
}

/// An error with a class and a place. Any other error does as well: its class is its type, and it has no place.
public struct Failure: Error {
    public let errorClass: String
    public let message: String
    let place: String

    public init(
        _ errorClass: String, _ message: String, file: String = #fileID, line: Int = #line,
        function: String = #function
    ) {
        self.errorClass = errorClass
        self.message = message
        place = "\(file):\(line) in \(function)"
    }
}
