/// Strings as C wants them: an array of pointers to NUL-terminated bytes, ended by a null pointer.
///
/// One block for all bytes and one for the pointers, both freed with the value.
struct CStringVector: ~Copyable {
    private let bytes: UnsafeMutablePointer<CChar>
    private let starts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    init(_ strings: [String]) {
        let size = strings.reduce(0) { $0 + $1.utf8.count + 1 }
        bytes = .allocate(capacity: max(size, 1))
        starts = .allocate(capacity: strings.count + 1)
        var end = bytes
        for (index, string) in strings.enumerated() {
            (starts + index).initialize(to: end)
            for byte in string.utf8 {
                end.initialize(to: CChar(bitPattern: byte))
                end += 1
            }
            end.initialize(to: 0)
            end += 1
        }
        (starts + strings.count).initialize(to: nil)
    }

    deinit {
        bytes.deallocate()
        starts.deallocate()
    }

    /// Valid as long as this value.
    var pointer: UnsafePointer<UnsafeMutablePointer<CChar>?> { UnsafePointer(starts) }
}
