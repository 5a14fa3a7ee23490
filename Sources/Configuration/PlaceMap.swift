/// Where the parts of an evaluated text stand in the file it came from.
///
/// Whatever a template leaves out, its line breaks stay: a line keeps its number, and only columns move.
struct PlaceMap: Equatable {
    private struct Piece: Equatable {
        let start: Place
        let source: Place
        let isCopied: Bool
    }

    private var pieces: [Piece] = []

    /// - Parameters:
    ///   - start: in the evaluated text.
    ///   - isCopied: whether the text stands in the file as it is; otherwise all of it comes from one place.
    mutating func add(from start: Place, source: Place, isCopied: Bool) {
        pieces.append(Piece(start: start, source: source, isCopied: isCopied))
    }

    /// Where in the file a place of the evaluated text comes from.
    func source(of place: Place) -> Place {
        guard let piece = pieces.last(where: { $0.start <= place }) else { return place }
        guard piece.isCopied else { return piece.source }
        guard place.line == piece.start.line else { return place }
        return Place(line: piece.source.line, column: piece.source.column + place.column - piece.start.column)
    }

    func source(of problem: Problem) -> Problem {
        guard let line = problem.line, let column = problem.column else { return problem }
        let place = source(of: Place(line: line, column: column))
        return Problem(file: problem.file, at: place, message: problem.message)
    }

    func source(of places: Places) -> Places {
        var moved = places
        moved.redis = places.redis.map(source)
        moved.pools = places.pools.mapValues(source)
        moved.handlers = places.handlers.mapValues { handler in
            Places.Handler(
                name: source(of: handler.name), command: handler.command.map(source),
                directory: handler.directory.map(source), user: handler.user.map(source),
                group: handler.group.map(source), nice: handler.nice.map(source), malloc: handler.malloc.map(source))
        }
        return moved
    }
}
