import Foundation

/// What `martlet advise --json` says, as far as it is put to the test.
struct AdviceReport: Decodable {
    struct Class: Decodable {
        let `class`: String
        let runs: Int
        let ioShare: Double?
    }

    struct Cliff: Decodable {
        let `class`: String
        let jid: String?
        let before, after: Int
        let kind: String?
    }

    struct Recommendation: Decodable {
        let kind: String
        let setting: String?
        let value: Int?

        private enum CodingKeys: CodingKey { case kind, setting, value }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            kind = try container.decode(String.self, forKey: .kind)
            setting = try container.decodeIfPresent(String.self, forKey: .setting)
            // Some values are words.
            value = (try? container.decodeIfPresent(Int.self, forKey: .value)) ?? nil
        }
    }

    let classes: [Class]
    let cliffs: [Cliff]
    let recommendations: [Recommendation]

    init(json: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        self = try decoder.decode(Self.self, from: Data(json.utf8))
    }

    func ioShare(of jobClass: String) -> Double? { classes.first { $0.class == jobClass }?.ioShare }

    /// The number it advises for a key of the configuration; nil if it is fine as it is.
    func value(of setting: String) -> Int? {
        recommendations.compactMap { $0.setting == setting ? $0.value : nil }.first
    }
}
