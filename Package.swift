// swift-tools-version: 6.2
import PackageDescription

/// Settings every Swift target of the house is compiled with.
let house: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let argumentParser = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")

// Bottom up: a target imports only from rows beneath its own, never from its own row.
// docs/ARCHITECTURE.md draws the rows; the Makefile makes undeclared imports an error.
let package = Package(
  name: "martlet",
  products: [
    .executable(name: "martlet", targets: ["CLI"]),
    .library(name: "MartletKit", targets: ["MartletKit"]),
  ],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
  ],
  targets: [
    // 0: the edge
    .target(name: "CPosix"),
    // Files of Sources/Kits, and of its own folder `new`, as bytes.
    .target(name: "CKits", exclude: ["new"]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSystemd", providers: [.apt(["libsystemd-dev"])]),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

    // 1: the machine | the pure model
    .target(
      name: "Platform", dependencies: ["CPosix", "CSystemd", "CZlib", logging], swiftSettings: house
    ),
    .target(name: "JobModel", swiftSettings: house),

    // What runs cost, and what follows from it: pure.
    .target(name: "Insight", swiftSettings: house),

    // 2: formats and wires
    .target(
      name: "Configuration", dependencies: ["JobModel", "Platform", yams], swiftSettings: house),
    .target(
      name: "Redis", dependencies: ["CHiredis", "COpenSSL", "Platform"], swiftSettings: house),

    // 3: the domain, with input and output
    .target(
      name: "Handlers",
      dependencies: ["Configuration", "Insight", "JobModel", "Platform", logging],
      swiftSettings: house),
    .target(
      name: "Queueing", dependencies: ["Insight", "JobModel", "Redis"],
      resources: [
        .embedInCode("Scripts")
      ], swiftSettings: house),

    // 4: roles, who runs
    .target(name: "Supervisor", dependencies: ["Platform", logging], swiftSettings: house),
    .target(
      name: "Worker",
      dependencies: [
        "Handlers", "Queueing", "Redis", "Configuration", "Insight", "JobModel", "Platform",
        logging,
      ],
      swiftSettings: house),
    .target(
      name: "Scheduler",
      dependencies: [
        "Queueing", "Redis", "Configuration", "Insight", "JobModel", "Platform", logging,
      ],
      swiftSettings: house),

    // 5: everything meets here, and only here
    .executableTarget(
      name: "CLI",
      dependencies: [
        "Supervisor", "Worker", "Scheduler", "Handlers", "Queueing", "Configuration", "Insight",
        "Redis", "Platform",
        "JobModel", "CKits", argumentParser, logging,
      ], swiftSettings: house),
    .executableTarget(
      name: "Bench", dependencies: ["Redis", "Platform", argumentParser],
      resources: [
        .embedInCode("Programs")
      ], swiftSettings: house),

    // For handlers in Swift: of the product, but of no other part of it
    .target(name: "MartletKit", exclude: ["README.md"], swiftSettings: house),

    // Tests
    .executableTarget(
      name: "KitFixture", dependencies: ["MartletKit"], path: "Tests/KitFixture",
      swiftSettings: house),
    .target(
      name: "TestSupport", dependencies: ["Platform", "Redis"], path: "Tests/TestSupport",
      swiftSettings: house),
    .testTarget(name: "JobModelTests", dependencies: ["JobModel"], swiftSettings: house),
    .testTarget(name: "InsightTests", dependencies: ["Insight"], swiftSettings: house),
    .testTarget(
      name: "PlatformTests", dependencies: ["Platform", "TestSupport", logging],
      swiftSettings: house),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["Configuration", "JobModel", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "RedisTests", dependencies: ["Redis", "Platform", "TestSupport"], swiftSettings: house),
    .testTarget(
      name: "QueueingTests",
      dependencies: ["Queueing", "Redis", "Insight", "JobModel", "Platform", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "HandlersTests",
      dependencies: [
        "Handlers", "Configuration", "Insight", "JobModel", "Platform", "TestSupport",
      ],
      swiftSettings: house),
    .testTarget(
      name: "KitTests",
      dependencies: [
        "KitFixture", "MartletKit", "Handlers", "Configuration", "Insight", "JobModel", "Platform",
        "Redis",
        "TestSupport",
      ],
      swiftSettings: house),
    .testTarget(
      name: "SupervisorTests", dependencies: ["Supervisor", "Platform", "TestSupport"],
      swiftSettings: house),
    .testTarget(
      name: "WorkerTests",
      dependencies: [
        "Worker", "Handlers", "Queueing", "Redis", "Configuration", "Insight", "JobModel",
        "Platform", "TestSupport",
      ], swiftSettings: house),
    .testTarget(
      name: "SchedulerTests",
      dependencies: [
        "Scheduler", "Queueing", "Redis", "Configuration", "Insight", "JobModel", "Platform",
        "TestSupport", logging,
      ],
      swiftSettings: house),
    .testTarget(
      name: "SystemTests",
      dependencies: ["Queueing", "Redis", "Insight", "Platform", "TestSupport", "CLI"],
      swiftSettings: house),
    .testTarget(
      name: "SidekiqTests", dependencies: ["Redis", "JobModel", "Platform", "TestSupport", "CLI"],
      swiftSettings: house),
    .testTarget(
      name: "SimulationTests",
      dependencies: [
        "Worker", "Scheduler", "Supervisor", "Queueing", "Redis", "Insight", "JobModel", "Platform",
        "TestSupport",
      ],
      path: "Tests/Simulation", swiftSettings: house),
    .testTarget(name: "BenchTests", dependencies: ["Bench"], swiftSettings: house),
    .testTarget(name: "TidyTests", dependencies: ["Configuration"], swiftSettings: house),
  ]
)
