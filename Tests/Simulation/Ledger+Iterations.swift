import Queueing

/// Jobs that are done element by element: none is left out, and what was done before a settlement is not done again.
extension Ledger {
    func did(_ element: Int, of job: Int) { elementsDone[job, default: []].insert(element) }

    /// A run begins at an element.
    func goesOn(_ job: Int, _ key: Key, at element: Int, _ books: Books) {
        let done = elementsDone[job] ?? []
        for earlier in 0..<element where !done.contains(earlier) {
            return violated("job \(job) goes on at element \(element), and \(earlier) was not done")
        }
        // One that was given to another may hear of it late.
        guard !hasForgotten, books.records[key]?.isOpen == true, let settled = books.takeElement(of: job),
            settled != element
        else { return }
        violated("job \(job) goes on at element \(element), and was settled at \(settled)")
    }

    /// A job is said to be done.
    func checkElements(of job: Int) {
        let count = workload.jobs[job].elements
        guard count > 0, elementsDone[job, default: []].count < count else { return }
        violated("job \(job) is done, and \(elementsDone[job]?.count ?? 0) of its \(count) elements are")
    }
}
