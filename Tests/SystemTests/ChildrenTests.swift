import TestSupport
import Testing

@Suite("Children: jobs that a handler pushes")
struct ChildrenTests {
    static let configuration = """
        concurrency: 4
        timeout: 5
        queues: [default, low]
        handlers:
          served: { command: [./serve.py], classes: [Push, PushAndFail, PushAndDie, Work], mode: serve }
          spawned: { command: [./push.sh], classes: [SpawnPush, SpawnPushAndFail] }
        """
    static let push = #"""
        #!/bin/sh
        echo '{"push":0,"jobs":[{"class":"Work","args":[1.0],"jid":"child","queue":"low"}]}' >&4
        [ "$MARTLET_CLASS" = SpawnPush ]
        """#
    static let child = #"[{"class":"Work","args":[1.0],"jid":"child","queue":"low"}]"#

    @Test("they are enqueued with the ack of the job that pushed them", arguments: ["Push", "SpawnPush"])
    func enqueued(parent: String) throws {
        try Scene.run(Self.configuration, files: ["push.sh": Self.push]) { scene in
            try scene.jobs.push(Jobs.payload(parent, "parent", args: Self.child))
            eventually(within: 30, "the child is done") { scene.done.contains("child") }
            try scene.finish()
            #expect(scene.starts("child") == 1)
        }
    }

    @Test(
        "they are not enqueued if the job that pushed them fails",
        arguments: ["PushAndFail", "PushAndDie", "SpawnPushAndFail"])
    func notEnqueued(parent: String) throws {
        try Scene.run(Self.configuration, files: ["push.sh": Self.push]) { scene in
            try scene.jobs.push(Jobs.payload(parent, "parent", args: Self.child))
            try eventually(within: 30, "the job waits for retry") {
                try scene.jobs.object("parent", in: "retry") != nil
            }
            try scene.finish(leaving: ["retry"])
            #expect(scene.starts("child") == 0)
        }
    }
}
