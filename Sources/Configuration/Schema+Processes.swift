/// The keys of handlers that say how many processes there are and when they are replaced.
extension Schema {
    static let handlerProcessKeys: [SchemaKey] = []
}

extension SettingsDecoder {
    mutating func processRange(in section: Section) -> ProcessRange { ProcessRange() }
}
