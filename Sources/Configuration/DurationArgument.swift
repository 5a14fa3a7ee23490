/// Durations on the command line, in the spelling of the configuration.
package enum DurationArgument {
    /// Seconds of `30`, `500ms`, `5s`, `5m`, `2h` or `1d`; nil if the text is none of these.
    package static func seconds(_ text: String) -> Double? {
        do throws(Mistake) {
            return try DurationText.seconds(text)
        } catch {
            return nil  // The caller says what was expected of which option.
        }
    }
}
