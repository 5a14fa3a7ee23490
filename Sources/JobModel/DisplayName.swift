extension JSONObject {
    /// What people are shown as a job's class: `display_class`, else what is wrapped, else the class itself; nil if it has none
    /// that is a text.
    package var displayName: String? { string("display_class") ?? string("wrapped") ?? string("class") }
}
