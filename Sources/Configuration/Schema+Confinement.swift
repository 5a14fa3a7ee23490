/// The keys that wall a handler's processes in.
extension Schema {
    static let confinementKeys: [SchemaKey] = []
}

extension SettingsDecoder {
    mutating func confinement(in section: Section) -> Confinement { Confinement() }
}
