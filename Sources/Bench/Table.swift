import Foundation

/// The samples of all scenarios, and what they come to.
struct Table {
    let machine: Machine
    let repetitions: Int
    private let scenarios: [Scenario]
    private var samples: [String: [Sample]] = [:]

    init(machine: Machine, repetitions: Int, _ scenarios: [Scenario]) {
        self.machine = machine
        self.repetitions = repetitions
        self.scenarios = scenarios
    }

    mutating func add(_ sample: Sample, to name: String) { samples[name, default: []].append(sample) }

    private var rows: [Row] { scenarios.map { Row($0.name, samples[$0.name] ?? []) } }

    /// What a baseline keeps. Limits are none of our business.
    var figures: [String: Figures] {
        var figures: [String: Figures] = [:]
        for scenario in scenarios where !scenario.name.hasPrefix("limit:") {
            figures[scenario.name] = Figures(samples[scenario.name] ?? [], limit: scenario.limit, among: samples)
        }
        return figures
    }

    /// The scenarios that measure how long something takes.
    var latencies: Set<String> { Set(samples.filter { $1.contains { !$0.latencies.isEmpty } }.keys) }

    private struct Document: Encodable {
        let machine: Machine
        let repetitions: Int
        let scenarios: [Row]
    }

    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let document = Document(machine: machine, repetitions: repetitions, scenarios: rows)
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    func text() -> String {
        let lines = [Row.heads] + rows.map(\.cells)
        let widths = Row.heads.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let body = lines.map { cells in
            let line = cells.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - cells[column].count)
                return column == 0 ? cells[column] + space : space + cells[column]
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
        return """
            \(machine.text)
            Medians of \(repetitions) runs in turn; jobs of \(Backlog.usualBytes) bytes; CPU in us per job.

            \(body.joined(separator: "\n"))
            """
    }
}
