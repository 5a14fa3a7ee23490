import Glibc
import Platform
import TestSupport
import Testing

@Suite("Handlers with `private_tmp`")
struct PrivateTmpTests {
    private static let program = """
        #!/bin/sh
        echo "$TMPDIR" >> places
        mkdir "$TMPDIR/full" && ln -s / "$TMPDIR/full/root" && echo text > "$TMPDIR/full/file"
        [ "$MARTLET_CLASS" != Long ] || [ "$MARTLET_ATTEMPT" -gt 1 ] || [ "$(wc -l < places)" -gt 1 ] || sleep 1000
        """

    @Test("have a directory that goes with the process, also when the worker is killed")
    func killed() throws {
        try Scene.run(
            """
            concurrency: 1
            handlers:
              work: { command: [./work.sh], classes: [Long, Short], private_tmp: true }
            """, files: ["work.sh": Self.program]
        ) { scene in
            try scene.jobs.push(Jobs.payload("Long", "a"))
            eventually(within: 30, "it is at work") {
                scene.daemon.lines(of: "places").first.map { access("\($0)/full/file", F_OK) == 0 } ?? false
            }
            kill(try #require(scene.daemon.workers.first), SIGKILL)
            try eventually(within: 30, "it is done again") { try scene.jobs.number("stat:processed") == 1 }
            try scene.jobs.push(Jobs.payload("Short", "b"))
            try eventually(within: 30, "another one is done") { try scene.jobs.number("stat:processed") == 2 }
            let places = scene.daemon.lines(of: "places")
            #expect(Set(places).count == 3)
            #expect(places.allSatisfy { $0.hasPrefix("/tmp/martlet-tmp-") })
            for place in places { eventually(within: 30, "\(place) is gone") { access(place, F_OK) != 0 } }
            try scene.finish()
        }
    }
}
