/// The keys of handlers whose program knows nothing of jobs.
extension Schema {
    static let programKeys: [SchemaKey] = []
}

extension SettingsDecoder {
    mutating func program(in section: Section) -> ProgramTerms { ProgramTerms() }
}
