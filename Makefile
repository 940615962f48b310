# make help lists the targets.

GO ?= go
BINARY := bin/causeway
TOOLS := bin/tools
FUZZTIME ?= 10s
SEEDS ?= 5
PORTAL := internal/portal/dist/index.html
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

LDFLAGS := -X main.version=$(VERSION)
# The lab and the end-to-end stories wait for real timers, and run programs that have to be installed.
QUICK = $$($(GO) list ./... | grep -vE '^causeway/(internal/lab|test)$$')

export CGO_ENABLED ?= 0

.PHONY: help build demo experiment accuracy check test unit race allocations scenarios outlast chaos clients az terraform platforms lint format vet tidy licences \
        golangci vulnerabilities generate fuzz bench bench-instances bench-writes soak packages release clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(PORTAL) ## build the binary into bin/, with the portal where npm is installed
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/causeway

$(PORTAL): scripts/portal $(shell find web -path web/node_modules -prune -o -type f -print)
	@scripts/portal

demo: build ## make intermittent 502s, find their cause, fix it, prove it (about a minute)
	@$(BINARY) lab demo

experiment: build ## overload a gateway that is too small, find that out, add instances under load, prove that it helped (about a minute)
	@$(BINARY) lab experiment

accuracy: build ## play every scenario with SEEDS (5) seeds, so that each meets every form of export, and write docs/accuracy.md (a quarter of an hour)
	@scripts/packages nginx
	@$(BINARY) lab accuracy --seeds $(SEEDS) -o docs/accuracy.md

check: build format vet ## build, format, vet and the quick tests: no root, nothing to install, about a minute
	@$(GO) test -short $(QUICK)

test: packages lint platforms build race allocations scenarios outlast ## run every test; installs nginx, Node.js, curl and Chromium where they are missing

race: ## run all Go tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...

# The race detector allocates, so the tests that count allocations are not built under it.
allocations: ## run the tests of the request path without the race detector: a request allocates nothing
	$(GO) test ./internal/proxy ./internal/conn ./internal/http1 ./internal/accesslog ./internal/route ./internal/telemetry

# The race detector slows the lab's own members down. The diagnosis may then find less, and never anything wrong.
# Without it, the scenarios are compared with the whole truth.
scenarios: ## play the scenarios of the lab and compare the diagnosis with the truth, with nothing else running
	$(GO) test -timeout 10m ./internal/lab

outlast: build ## two minutes of kills, pauses, changes and upgrades under load: nothing fails that was not killed
	@bench/run-chaos -length 2m -seed 1

chaos: ## the same for ten minutes, at random; prints a table
	@bench/run-chaos

clients: az terraform ## let az and Terraform, as they are published, manage a gateway

az: build ## let az, as Debian packages it, manage a gateway (some minutes; installs azure-cli)
	@scripts/packages az curl
	@test/az/run $(BINARY)

terraform: build ## let Terraform with azapi manage a gateway (a quarter of an hour at first: builds both from the Go module proxy)
	@scripts/packages curl
	@test/terraform/run $(BINARY)

platforms: ## compile for the platforms that have no tests: macOS, and Linux on arm64
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 $(GO) build ./...

unit: ## run all Go tests without the race detector
	$(GO) test ./...

lint: format vet tidy golangci licences ## every static check, at the versions of tools/
	@$(TOOLS)/staticcheck ./...
	@$(GO) test ./test/levels ./test/prose

format: $(TOOLS)/gofumpt
	@unformatted=$$($(TOOLS)/gofumpt -l .); if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi

vet:
	@$(GO) vet ./...

tidy:
	@$(GO) mod tidy -diff

licences:
	@scripts/licences --check

golangci: $(TOOLS)/golangci-lint
	@$(TOOLS)/golangci-lint run ./...

vulnerabilities: $(TOOLS)/govulncheck ## look the dependencies up in Go's vulnerability database, where it can be reached
	@scripts/vulnerabilities $(TOOLS)/govulncheck

# A folder of tools/ is a module: what one tool needs does not decide the versions of another.
$(TOOLS)/gofumpt $(TOOLS)/staticcheck &: tools/go.mod
	@cd tools && $(GO) build -o ../$(TOOLS)/ tool
	@touch $(TOOLS)/gofumpt $(TOOLS)/staticcheck

$(TOOLS)/golangci-lint: tools/golangci/go.mod
	@echo "building golangci-lint, which takes a minute or two the first time"
	@cd tools/golangci && $(GO) build -o ../../$(TOOLS)/ tool
	@touch $@

$(TOOLS)/govulncheck: tools/govulncheck/go.mod
	@cd tools/govulncheck && $(GO) build -o ../../$(TOOLS)/ tool
	@touch $@

generate: ## write docs/commands.md and docs/api.md
	@$(GO) generate ./cmd/causeway ./internal/arm

fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
	  done; \
	done

bench: build ## measure Causeway beside nginx and HAProxy into docs/performance.md, and diagnose beside jq and DuckDB (about a quarter of an hour)
	@bench/run -engines -scale -o docs/performance.md
	@bench/run-logs

bench-instances: build ## measure what one and two instances of two sizes carry, and whether they keep to their budgets (a minute)
	@bench/run -instances

bench-writes: build ## write a gateway of 50 listeners over the management API sixty times in a minute, under traffic
	$(GO) test ./test -run '^TestManyWritesUnderTraffic$$' -count=1 -v -args -writes 60 -write-every 1s

soak: ## run Causeway for an hour under everything at once; are memory, descriptors and latency flat?
	@bench/run-soak

release: $(PORTAL) ## build archives, Debian packages, bills of materials and checksums of VERSION into dist/
	@scripts/release $(VERSION)

packages: ## install the programs that tests run against, where they are missing
	@scripts/packages nginx node npm curl gcc openssl chromium

clean: ## remove what was built
	rm -rf bin dist
