/// Finds what the writer of an unknown word probably meant.
enum Suggestion {
    /// The candidate nearest to a word, or nil if none is near enough to be worth naming.
    ///
    /// Case and the choice between `-`, `_` and camelCase do not count. A third of the letters may differ: one in a word
    /// of three, so that `tag` does not become `log`.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let plain = folded(word)
        guard !plain.isEmpty, plain.count <= 64 else { return nil }
        // An abbreviation of three letters and more: `warn`, `err`, `conc`.
        let prolonged = candidates.filter { plain.count >= 3 && folded($0).starts(with: plain) }
        if prolonged.count == 1 { return prolonged[0] }
        let allowed = max(1, plain.count / 3)
        let ranked = candidates.map { (distance: distance(plain, folded($0)), name: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }), best.distance <= allowed else { return nil }
        // A word of which nothing is left after the changes resembles nothing.
        return best.distance < plain.count ? best.name : nil
    }

    private static func folded(_ word: String) -> [Character] {
        word.lowercased().filter { $0 != "_" && $0 != "-" }.map { $0 }
    }

    /// The optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                let replaced = last[column] + (letter == other ? 0 : 1)
                var best = min(replaced, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
