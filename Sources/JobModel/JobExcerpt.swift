extension Job {
    /// Up to so many bytes a payload is shown whole while it runs: all that a worker runs is told every few seconds.
    package static let longestShown = 8 << 10

    /// What dashboards are shown of the job while it runs: the payload, or if that is long an object of the same form with
    /// what says which job it is; of the arguments it tells the size.
    package var excerpt: [UInt8] {
        guard payload.count > Self.longestShown else { return payload }
        let note = "… (a payload of \(payload.count) bytes)"
        let draft = JobDraft.object(
            class: route.text, arguments: [JSONText.quote(note)], queue: declaredQueue?.text)
        // It was written a line above.
        guard let object = try? JSONObject(scanning: draft) else { return draft }
        var splice = PayloadSplice(object)
        if let jid { splice.set("jid", toText: jid) }
        for name in ["created_at", "enqueued_at", "display_class", "tags"] {
            if let member = self.object.member(name), member.value.count <= JobClass.longest {
                splice.set(name, to: Array(self.object.raw(member)))
            }
        }
        if let retryCount { splice.set("retry_count", to: Array("\(retryCount)".utf8)) }
        return splice.bytes()
    }
}
