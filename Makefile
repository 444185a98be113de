# "make help" lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
FUZZTIME ?= 10s
SHARED   ?= ../shared

# One set of flags for all targets, so that each package is compiled once: the profile that a
# plain "go build ./cmd/wirelog" finds, for tests too, and no C. Flags of the environment come
# last and win.
export GOFLAGS     := $(strip '-pgo=$(CURDIR)/cmd/wirelog/default.pgo' $(shell go env GOFLAGS))
export CGO_ENABLED := 0

LDFLAGS := -s -w -X main.version=$(VERSION)

GOLANGCI_VERSION := v2.15.0
GOLANGCI         := build/tools/golangci-lint-$(GOLANGCI_VERSION)

NFPM_VERSION := v2.45.2
NFPM         := build/tools/nfpm-$(NFPM_VERSION)

.DEFAULT_GOAL := build

.PHONY: build
build: ## build/wirelog, static
	@[ -e build/wirelog ] || echo "Compiling wirelog and what it imports: a minute or two the first time, seconds from then on."
	go build -ldflags '$(LDFLAGS)' -o build/wirelog ./cmd/wirelog

.PHONY: demo
demo: build ## read a small capture, and show what was in it
	build/wirelog read --overwrite --summary text --output-dir build/demo testdata/mixed.pcap

.PHONY: release
release: ## build/release/wirelog: the same bytes from any folder (compiles everything again)
	go build -trimpath -ldflags '$(LDFLAGS)' -o build/release/wirelog ./cmd/wirelog

.PHONY: test
test: ## unit tests, with the flags TESTFLAGS; the go command downloads their dependencies
	go test -timeout 20m $(TESTFLAGS) ./...

.PHONY: examples
examples: ## tests of the programs in examples/, which embed wirelog from another module
	cd examples && go vet ./... && go test ./...

# The packages that start goroutines, or whose tests run the whole of wirelog. The profile is
# for speed only, and the detector's code is compiled quicker without it.
RACE := ./capture/... ./cmd/... ./internal/memlimit ./logs ./metrics ./pipeline ./writers ./writers/kafka

.PHONY: race
race: ## unit tests of RACE with the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -pgo=off -timeout 20m -race $(if $(TAGS),-tags $(TAGS)) $(RACE)

.PHONY: poison
poison: ## unit tests with events overwritten after the call, to find listeners that keep one
	go test -tags poison ./...

.PHONY: lint
lint: $(GOLANGCI) ## golangci-lint, with go vet's checks
	$(GOLANGCI) run ./...

$(GOLANGCI):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(@D)/golangci-lint $@

# The program that packages contain: what make release builds or, to check packages quickly,
# build/wirelog.
PROGRAM        ?= build/release/wirelog
PROGRAM_TARGET := $(if $(filter build/wirelog,$(PROGRAM)),build,release)

# What packages contain beside the program: the manual, completions and the list of all keys.
# Versions of packages begin with a digit and have no dash: 1.2.3, 1.2.3+4.gabcdef after it, or
# 0~DATE.COMMIT without a tag.
PACKAGE        := build/package
COMMIT_TIME     = $(shell git log -1 --format=%ct 2>/dev/null || echo 0)
PACKAGE_VERSION = $(shell printf %s '$(VERSION)' | grep -E '^v?[0-9]+\.[0-9]' | sed -E 's/^v//; s/-([0-9]+)-g/+\1.g/; s/-/~/g' || printf '0~%s.%s' "$$(date -u -d @$(COMMIT_TIME) +%Y%m%d)" "$$(printf %s '$(VERSION)' | tr - .)")

.PHONY: package-files
package-files: $(PROGRAM_TARGET)
	rm -rf $(PACKAGE)
	mkdir -p $(PACKAGE)
	cp $(PROGRAM) $(PACKAGE)/wirelog
	SOURCE_DATE_EPOCH=$(COMMIT_TIME) GOARCH= GOOS= go run -tags man -ldflags '$(LDFLAGS)' ./cmd/wirelog $(PACKAGE)/share
	gzip -n9 $(PACKAGE)/share/man/man1/*.1
	cd $(PACKAGE) && XDG_CONFIG_HOME=/nonexistent GOARCH= $(CURDIR)/$(PROGRAM) config > wirelog.yaml

.PHONY: packages
packages: $(NFPM) package-files ## build/package/*.deb and *.rpm, of what make release builds
	for p in deb rpm; do \
		SOURCE_DATE_EPOCH=$(COMMIT_TIME) GOARCH=$$(go env GOARCH) PACKAGE_VERSION='$(PACKAGE_VERSION)' $(NFPM) package --config deploy/nfpm.yaml --packager $$p --target $(PACKAGE); \
	done

$(NFPM):
	mkdir -p $(@D)
	GOBIN=$(CURDIR)/$(@D) GOARCH= GOFLAGS="$$GOFLAGS -pgo=off" go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)
	mv $(@D)/nfpm $@

.PHONY: image
image: $(PROGRAM_TARGET) deploy-tools ## build/package/wirelog-image.tar, for docker load, podman load and skopeo, of what make release builds
	mkdir -p $(PACKAGE)
	SOURCE_DATE_EPOCH=$(COMMIT_TIME) build/tools/image -program $(PROGRAM) -arch $$(go env GOARCH) -version '$(VERSION)' -tag 'wirelog:$(subst +,_,$(VERSION))' -licenses LICENSE,THIRD_PARTY_NOTICES -o $(PACKAGE)/wirelog-image.tar

.PHONY: deploy-tools
deploy-tools:
	mkdir -p build/tools
	cd deploy/tools && GOARCH= GOFLAGS="$$GOFLAGS -pgo=off" go build -o $(CURDIR)/build/tools/ ./...

.PHONY: packages-check
packages-check: packages image ## install the deb in a root of its own, read the rpm, run the image's program (needs root)
	PROGRAM=$(PROGRAM) deploy/check-packages

.PHONY: audit
audit: ## known vulnerabilities, licenses and notices of all modules; their list in build/sbom.json
	go run ./internal/audit licenses
	go run ./internal/audit current
	go run ./internal/audit sbom build/sbom.json
	go run ./internal/audit vuln

.PHONY: notices
notices: ## update THIRD_PARTY_NOTICES
	go run ./internal/audit notices

.PHONY: generate
generate: ## update the generated code
	go generate ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s); with FUZZTOTAL, some of them for so many seconds in all
	.ci/fuzz $(FUZZTIME) $(FUZZTOTAL)

.PHONY: consumers
consumers: build ## read every output with the programs of its users: Spark, DuckDB, Kafka, zat, Miller, ... (from PyPI, Maven Central, Debian)
	integration/readers.py
	integration/tools.py
	integration/places.py
	integration/ocsf.py
	integration/kafka.sh start readers examples

KILLS ?= 20
FLOWS ?= 10000

.PHONY: kill
kill: build ## kill wirelog KILLS times (20) while it writes, and check that no written row is lost
	integration/kill.py --kills $(KILLS) --flows $(FLOWS)

.PHONY: live
live: build ## wirelog listen on a wire of its own, beside wirelog read (needs root and network namespaces; programs from Debian)
	integration/live.py --shared $(SHARED)

SOAK ?= 1200

.PHONY: live-load
live-load: build ## what wirelog listen can take beside tcpdump, and SOAK seconds (1200) at 80 % of it, to files and to Kafka (needs root and a quiet machine)
	integration/load.py --shared $(SHARED) --seconds $(SOAK)

MEMORY   ?= 1GiB
MILLIONS ?= 3

.PHONY: flood
flood: build ## flood wirelog with MILLIONS (3) of packets of each kind, and measure that it keeps to MEMORY (1GiB) and other rows stay right
	integration/flood.py --memory $(MEMORY) --millions $(MILLIONS)

.PHONY: conformance
conformance: ## compare with the reference results in SHARED, and the figures with conformance.json
	go run ./internal/conformance -shared $(SHARED)

.PHONY: conformance-update
conformance-update: ## the same, and store the figures in conformance.json
	go run ./internal/conformance -shared $(SHARED) -update

.PHONY: bench
bench: ## Go benchmarks, with allocations
	go test -run '^$$' -bench . -benchmem ./...

# The profile of the benchmark captures guides the compiler's inlining and layout.
# SHARED/bench/make-capture generates the captures once; testdata/make/bench-tls generates
# those of TLS handshakes with OpenSSL, and testdata/make/bench-modern repeats captures of testdata.
PGO_CAPTURES := mix scan short dns elephant modern
TLS_CAPTURES := tls12 tls13
BENCH        := build/bench

.PHONY: bench-captures
bench-captures: $(PGO_CAPTURES:%=$(BENCH)/%.pcap) $(TLS_CAPTURES:%=$(BENCH)/%.pcap) ## generate the benchmark captures in build/bench

$(BENCH)/mix.pcap: SIZE := 300
$(BENCH)/scan.pcap: SIZE := 70
$(BENCH)/short.pcap: SIZE := 200
$(BENCH)/dns.pcap: SIZE := 100
$(BENCH)/elephant.pcap: SIZE := 500
$(BENCH)/modern.pcap: testdata/make/bench-modern
	mkdir -p $(@D)
	python3 $< $@.part --megabytes 100
	mv $@.part $@
$(BENCH)/tls1%.pcap:
	mkdir -p $(@D)
	python3 testdata/make/bench-tls 1.$* $@.part
	mv $@.part $@
$(BENCH)/%.pcap:
	mkdir -p $(@D)
	python3 $(SHARED)/bench/make-capture $* $@.part --megabytes $(SIZE)
	mv $@.part $@

COMPARE_CAPTURES := mix short scan modern

.PHONY: compare
compare: build $(COMPARE_CAPTURES:%=$(BENCH)/%.pcap) ## measure wirelog beside tshark, ndpiReader, argus and softflowd (from Debian)
	integration/compare.py $(COMPARE_CAPTURES:%=$(BENCH)/%.pcap)

.PHONY: pgo
pgo: bench-captures build ## update cmd/wirelog/default.pgo from the benchmark captures
	for c in $(PGO_CAPTURES); do \
		for i in 1 2 3; do \
			build/wirelog read --overwrite --shards 1 --summary none -o $(BENCH)/logs --cpu-profile $(BENCH)/$$c.$$i.pprof $(BENCH)/$$c.pcap; \
		done; \
	done
	go tool pprof -proto $(BENCH)/*.pprof > cmd/wirelog/default.pgo

.PHONY: flags
flags: ## print the flags of all targets, to be evaluated by a shell
	@printf 'export CGO_ENABLED=0 GOFLAGS="%s"\n' "$$GOFLAGS"

.PHONY: clean
clean: ## remove build/
	rm -rf build

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-20s %s\n", $$1, $$2}' Makefile
