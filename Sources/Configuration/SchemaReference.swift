/// The reference page, printed from the schema so that it cannot differ from what is accepted.
extension Schema {
    /// The whole of `docs/reference/configuration.md`.
    package static func referencePage() -> String {
        var page = introduction
        page += "\n## Keys of the file\n" + top.map(section).joined()
        page += "\n## Keys of `concurrency` as a mapping\n" + concurrencyKeys.map(section).joined()
        page += "\n## Keys of `processes` as a mapping\n" + processesKeys.map(section).joined()
        page += "\n## Keys of a queue as a mapping\n" + queueKeys.map(section).joined()
        page += "\n## Keys of each capsule\n" + capsuleKeys.map(section).joined()
        page += "\n## Keys of `redis` as a mapping\n\n\(redisIntroduction)\n" + redisKeys.map(section).joined()
        page += "\n## Keys of `poison`\n" + poisonKeys.map(section).joined()
        page += "\n## Keys of `limits`\n" + limitKeys.map(section).joined()
        page += "\n## Keys of `memory`\n" + memoryKeys.map(section).joined()
        page += "\n## Keys of each pool\n" + poolKeys.map(section).joined()
        page += "\n## Keys of `log`\n" + logKeys.map(section).joined()
        page += "\n## Keys of a handler\n" + handlerKeys.map(section).joined()
        page += "\n## Keys of a handler's `processes` as a mapping\n" + handlerProcessesKeys.map(section).joined()
        page += "\n## Keys of a handler's `limits`\n" + processLimitKeys.map(section).joined()
        page += "\n## Overrides\n\n\(overridesIntroduction)\n"
        page += "\n| key | environment | flag |\n| --- | --- | --- |\n"
        for override in Override.table {
            let variables = override.variables.map { "`\($0)`" }.joined(separator: ", then ")
            page += "| `\(override.key.path)` | \(variables) | `\(override.flag)` |\n"
        }
        page += "| `queues` | | `--queue NAME[,WEIGHT]`, repeatable |\n"
        page += "| a Sidekiq file's section | `APP_ENV`, then `RAILS_ENV`, then `RACK_ENV` | `--environment` |\n"
        return page + "\n" + sidekiqFile
    }

    private static func section(_ key: SchemaKey) -> String {
        let absence =
            switch key.absence {
            case .required: "Required."
            case .value(let text) where text.isEmpty: "Default: empty."
            case .value(let text): "Default: `\(text)`."
            case .meaning(let words): "Default: \(words)."
            }
        let announced = key.announced.map { "`\($0)` is not supported by this version." }.joined(separator: " ")
        let expectation = (key.expectation.first?.uppercased() ?? "") + key.expectation.dropFirst()
        let help = announced.isEmpty ? key.help : "\(key.help) \(announced)"
        return "\n### `\(key.path)`\n\n\(expectation). \(absence)\n\n\(help)\n"
    }

    private static let introduction = """
        # The configuration

        <!-- Printed from Sources/Configuration/Schema.swift; a test compares. -->

        A YAML file: the one named with `-C FILE`, else `/etc/martlet/martlet.yml`, else `config/martlet.yml`. `martlet check`
        reads it, proves what it names and starts nothing. Mistakes are shown all at once as `file:line:column: message`, and
        nothing starts on a configuration that has one (exit status 78).

        - A **duration** is a number of seconds, or a number with `ms`, `s`, `m`, `h` or `d`: `30`, `500ms`, `1.5h`.
        - A **size** is a number of bytes, or a number with `KB`, `MB` or `GB`, in powers of 1024.
        - A **path** that does not begin with `/` counts from the directory of the file. `~` and variables are not expanded.
        - Anchors, aliases and merge keys (`<<`) work. A value that begins with `*` needs quotes: `"*"`.

        ```yaml
        redis: redis://127.0.0.1:6379/0
        processes: 2
        concurrency: 10
        queues:
          - critical: 5
          - default: 1
        handlers:
          reports:
            command: [/usr/bin/python3, /srv/app/reports.py]
            classes: [ReportJob, "Reports::*"]
            mode: serve
            timeout: 5m
        ```

        """

    private static let redisIntroduction = """
        `redis` is a URL, or a mapping with these keys. How they go together is shown in
        [Secure Redis](../guides/secure-redis.md).

        ```yaml
        redis:
          url: rediss://martlet:PASSWORD@/0
          ca: /etc/martlet/redis-ca.pem
          sentinels: [10.0.0.1, 10.0.0.2, 10.0.0.3]
          master: mymaster
          server_name: redis.example.com
        ```
        """

    private static let overridesIntroduction = """
        Flags win over the environment, the environment over the file. A variable that is set but empty counts as not set. Only
        the value that wins is judged; its mistakes carry the variable or flag in place of the file:
        `MARTLET_TIMEOUT: must be a duration such as 30, 500ms, 5s, 5m, 2h or 1d, not ten`. A URL of Redis that overrides the file replaces
        its `url`, `sentinels` and `server_name`; `ca`, `certificate`, `key` and the time limits of the file still count.
        `REDIS_PROVIDER`, if it is set, names the variable that is read in place of `REDIS_URL`.
        """

    private static let sidekiqFile = """
        ## Sidekiq's file

        A `sidekiq.yml` is read too, as it is: a file of that name, or one that ends in `.erb`, has a key with a leading colon, or
        has keys that only Sidekiq has. Keys of this page, `handlers` above all, can stand beside Sidekiq's, which ignores them.
        `martlet check` says what was taken and what has no effect. How to get from one to the other is
        [a guide](../guides/coming-from-sidekiq.md).

        - `concurrency`, `queues` (names, symbols, `[name, weight]`, `name,weight`; one that stands twice adds up), `timeout`,
          `max_retries`, `dead_max_jobs`, `dead_timeout_in_seconds`, `tag`, `labels`, `capsules`, `max_iteration_runtime` and `verbose`
          (log level debug) mean what they mean to Sidekiq.
        - The section named like `-e`, `APP_ENV`, `RAILS_ENV` or `RACK_ENV` (else `development`) is merged over the rest.
        - Where it is silent, `concurrency` is `RAILS_MAX_THREADS`, else 5, as since Sidekiq 7; `tag` is the name of the application's
          directory. Other defaults are those of this page.
        - ERB is evaluated, as far as a configuration needs it: `ENV["X"]`, `ENV.fetch("X", 5)` and `ENV.fetch("X") { 5 }`, `Integer(…)`,
          `.to_i`, `.to_s`, `.strip`, `.downcase`, `.upcase`, `.presence`, `.present?`, `.blank?`, `.nil?`, `.empty?`, `.start_with?`,
          `.include?`, `.clamp`, `[a, b].max` and `.min`, `%w[a b]`, `Rails.env` with `.production?` and so on, whole numbers, texts with
          `#{…}`, `+ - * / %`, comparisons, `&& || !`, `a ? b : c`, `<% name = value %>`, `<% if %>`, `<% unless %>`, `<% elsif %>`,
          `<% else %>`, `<% end %>` and `<%# comments %>`; `-%>` and `<%-` as in Sidekiq 7 and 8 (6.4.1 refuses them). Ruby itself is not
          run; anything else is a mistake, with its place.
        - Other keys have no effect.

        """
}
