/// The version of this build: in `--version`, in process records, and at the head of docs/CHANGELOG.md.
enum Version {
    static let number = "0.1.0"
}
