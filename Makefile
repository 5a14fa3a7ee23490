# The commands of this project. `make help` lists them.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
UNITDIR    ?= $(if $(filter /usr /usr/local,$(PREFIX)),/lib/systemd/system,$(PREFIX)/lib/systemd/system)

# Imports that Package.swift does not declare are errors: the layers of docs/ARCHITECTURE.md hold by the compiler.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
RELEASE     := -c release --static-swift-stdlib $(SWIFT_FLAGS)
MARTLET     := .build/release/martlet

# What the build needs, and what the tests need beside it.
PACKAGES      := redis-server libhiredis-dev libssl-dev libsystemd-dev zlib1g-dev gcc libc6-dev python3 git
TEST_PACKAGES := openssl ruby ruby-sidekiq ruby-activejob ruby-rack ruby-webrick chromium chromium-driver nodejs bash mandoc strace iproute2 libjemalloc2
VM_PACKAGES   := qemu-system-x86 debootstrap cpio kmod e2fsprogs

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

.PHONY: run
run: build .build/demo/sums ## build, then show Martlet doing sample jobs on a private Redis
	@XDG_STATE_HOME=$(CURDIR)/.build/demo/state config/demo/run.sh $(MARTLET)

.PHONY: build
build: deps ## build the release binary, .build/release/martlet
	swift build $(RELEASE) --product martlet

.PHONY: test
test: deps test-deps ## run all tests
	.ci/test

.PHONY: test-vm
test-vm: build vm-deps ## as root: what needs a machine of its own, in a guest; ROWS="h06-escape power-cut" for some
	Tests/VM/run $(ROWS)

.PHONY: simulate
simulate: deps ## simulate the protocol with faults: SEEDS=100000, or SEED=17 to see one run step by step
	swift build --build-tests -c release -Xswiftc -enable-testing $(SWIFT_FLAGS) --scratch-path .build/simulate
	MARTLET_SEEDS=$(or $(SEEDS),100000) MARTLET_SEED=$(SEED) swift test --skip-build --disable-xctest -c release \
		-Xswiftc -enable-testing $(SWIFT_FLAGS) --scratch-path .build/simulate \
		--filter '$(if $(SEED),SimulationTests/replay,SimulationTests.SimulationTests)'

.PHONY: bench bench-quick bench-insight bench-fork bench-check bench-baseline
bench: build-bench ## measure jobs per second beside the limits of this machine, some minutes
	.build/release/Bench --martlet $(MARTLET)

bench-quick: build-bench ## the same with fewer jobs, about a minute
	.build/release/Bench --martlet $(MARTLET) --quick

bench-insight: build-bench ## put what it says about jobs to the test, with handlers whose cost is known, some twenty minutes
	.build/release/Bench insight --martlet $(MARTLET)

bench-fork: build-bench ## measure memory and start of mode fork with programs of 200 MB in Python and Ruby, a minute
	.build/release/Bench fork

BENCH_CHECK := .build/release/Bench --martlet $(MARTLET) --quick --repetitions 5

bench-check: build-bench ## fail if it got slower than it was when .ci/bench-baseline.json was written, some minutes
	$(BENCH_CHECK) --check .ci/bench-baseline.json

bench-baseline: build-bench ## write that file anew
	$(BENCH_CHECK) --baseline .ci/bench-baseline.json

.PHONY: build-bench
build-bench: build
	swift build $(RELEASE) --product Bench
	swift build $(RELEASE) --product KitFixture

CHAOS_SECONDS = $(or $(SECONDS),$(if $(MINUTES),$$(( $(MINUTES) * 60 )),300))
.PHONY: chaos
chaos: build test-deps ## kill, freeze and cut everything: make chaos MINUTES=10 SEED=7 (does those deeds again)
	swift build --build-tests -c release -Xswiftc -enable-testing $(SWIFT_FLAGS) --scratch-path .build/simulate
	MARTLET_CHAOS_SECONDS=$(CHAOS_SECONDS) $(if $(SEED),MARTLET_CHAOS_SEED=$(SEED)) SWIFT_BACKTRACE=enable=no \
		MARTLET_CHAOS_BINARY=$(CURDIR)/$(MARTLET) timeout -k 10 $$(( $(CHAOS_SECONDS) + 600 )) \
		swift test --skip-build --disable-xctest -c release -Xswiftc -enable-testing $(SWIFT_FLAGS) \
		--scratch-path .build/simulate --filter ChaosTests/chaos

.PHONY: fan-out
fan-out: build test-deps ## one job that makes a million, killed at random: make fan-out CHILDREN=1000000 KILLS=50 CHUNK=2000 SEED=7
	swift build --build-tests $(SWIFT_FLAGS)
	MARTLET_FANOUT_CHILDREN=$(or $(CHILDREN),1000000) MARTLET_FANOUT_KILLS=$(or $(KILLS),50) \
		$(if $(CHUNK),MARTLET_FANOUT_CHUNK=$(CHUNK)) $(if $(SEED),MARTLET_FANOUT_SEED=$(SEED)) \
		MARTLET_FANOUT_BINARY=$(CURDIR)/$(MARTLET) timeout -k 10 1800 \
		swift test --skip-build --disable-xctest $(SWIFT_FLAGS) --filter FanOutTests

.PHONY: faults
faults: deps test-deps ## every fault at its full length, and a kill at every kind of system call; as root, some twenty minutes
	MARTLET_FAULTS=full TEST_LIMIT=7200 .ci/test \
		--filter 'SystemTests.(Cut|Wire|Refusal|RedisTrouble|ServerState|Storm|Process|Time|Machine|Syscall)Tests'

.PHONY: lint
lint: ## check format, manual pages and scripts
	swift format lint --strict --recursive Package.swift Sources Tests
	@! command -v mandoc >/dev/null || mandoc -T lint -W warning docs/man/*
	@! command -v shellcheck >/dev/null || shellcheck .ci/run .ci/test config/demo/*.sh Tests/VM/run Tests/VM/guest Tests/VM/inside Tests/VM/lib.sh Sources/Kits/shell/martlet.sh

.PHONY: format
format: ## format the source
	swift format --in-place --recursive Package.swift Sources Tests

.PHONY: docs
docs: build ## print the reference pages that come from the code
	$(MARTLET) reference > docs/reference/configuration.md

.PHONY: install
install: ## install the built binary, unit, sample configuration, kits and manual pages under PREFIX
	@test -x $(MARTLET) || { echo "run 'make build' first"; exit 1; }
	install -D -m 755 $(MARTLET) $(DESTDIR)$(PREFIX)/bin/martlet
	strip $(DESTDIR)$(PREFIX)/bin/martlet
	@test -e $(DESTDIR)$(SYSCONFDIR)/martlet/martlet.yml || \
		install -D -m 640 config/martlet.yml $(DESTDIR)$(SYSCONFDIR)/martlet/martlet.yml
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)/usr/lib/sysusers.d $(DESTDIR)/usr/lib/tmpfiles.d
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|; s|/etc/martlet/|$(SYSCONFDIR)/martlet/|' systemd/martlet.service \
		> $(DESTDIR)$(UNITDIR)/martlet.service
	install -m 644 systemd/martlet.sysusers $(DESTDIR)/usr/lib/sysusers.d/martlet.conf
	install -m 644 systemd/martlet.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/martlet.conf
	install -D -m 644 config/martlet.acl $(DESTDIR)$(PREFIX)/share/martlet/martlet.acl
	install -d $(DESTDIR)$(PREFIX)/share/martlet/kits
	for kit in python ruby node shell; do \
		install -d $(DESTDIR)$(PREFIX)/share/martlet/kits/$$kit || exit 1; \
		find Sources/Kits/$$kit -maxdepth 1 -type f -exec install -m 644 {} $(DESTDIR)$(PREFIX)/share/martlet/kits/$$kit/ ';' || exit 1; \
	done
	install -D -m 644 docs/man/martlet.1 $(DESTDIR)$(PREFIX)/share/man/man1/martlet.1
	install -D -m 644 docs/man/martlet.yml.5 $(DESTDIR)$(PREFIX)/share/man/man5/martlet.yml.5
	install -D -m 644 docs/man/martlet-handler.7 $(DESTDIR)$(PREFIX)/share/man/man7/martlet-handler.7

.PHONY: uninstall
uninstall: ## remove what install put there, except the configuration
	rm -f $(DESTDIR)$(PREFIX)/bin/martlet $(DESTDIR)$(UNITDIR)/martlet.service
	rm -f $(DESTDIR)/usr/lib/sysusers.d/martlet.conf $(DESTDIR)/usr/lib/tmpfiles.d/martlet.conf
	rm -f $(DESTDIR)$(PREFIX)/share/martlet/martlet.acl
	rm -rf $(DESTDIR)$(PREFIX)/share/martlet/kits
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/martlet.1 $(DESTDIR)$(PREFIX)/share/man/man5/martlet.yml.5
	rm -f $(DESTDIR)$(PREFIX)/share/man/man7/martlet-handler.7

.PHONY: clean
clean: ## remove the build directory
	rm -rf .build

.PHONY: deps test-deps vm-deps
deps:
	@.ci/packages $(PACKAGES)
test-deps:
	@.ci/packages $(TEST_PACKAGES)
vm-deps:
	@.ci/packages $(VM_PACKAGES)

.build/demo/%: config/demo/%.c
	@mkdir -p $(@D)
	cc -O2 -Wall -Wextra -o $@ $<
