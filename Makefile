# make help lists what there is.

GO ?= go
BINARY := bin/causeway
TOOLS := bin/tools
FUZZTIME ?= 10s
SEEDS ?= 3

export CGO_ENABLED ?= 0

.PHONY: help build demo accuracy test unit race scenarios platforms lint fuzz bench soak packages clean
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the binary into bin/
	@$(GO) build -trimpath -o $(BINARY) ./cmd/causeway

demo: build ## make intermittent 502s, find their cause, cure it, prove it (about a minute)
	@$(BINARY) lab demo

accuracy: build ## play every scenario with SEEDS (3) seeds and write docs/accuracy.md (about five minutes)
	@$(BINARY) lab accuracy --seeds $(SEEDS) -o docs/accuracy.md

test: packages lint platforms build race scenarios ## run every test; installs nginx, Node.js and curl where they are missing

race: ## run all Go tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 15m ./...

# The race detector slows the lab's own members down, so that the diagnosis may find less there, and never anything wrong.
# By themselves the scenarios are held against the whole truth.
scenarios: ## play the scenarios of the lab and hold the diagnosis against the truth, with nothing else running
	$(GO) test -timeout 10m ./internal/lab

platforms: ## compile for the platforms that nobody tests here: macOS, and Linux on arm64
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 $(GO) build ./...

unit: ## run all Go tests without the race detector
	$(GO) test ./...

lint: ## gofumpt, go vet, staticcheck, at the versions of tools/go.mod
	@cd tools && $(GO) build -o ../$(TOOLS)/ tool
	@unformatted=$$($(TOOLS)/gofumpt -l .); if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi
	@$(GO) vet ./...
	@$(TOOLS)/staticcheck ./...

fuzz: ## run every fuzz target for FUZZTIME (10s) each
	@for package in $$($(GO) list ./...); do \
	  for target in $$($(GO) test -list '^Fuzz' $$package | grep '^Fuzz'); do \
	    echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$package || exit 1; \
	  done; \
	done

bench: build ## measure Causeway beside nginx and HAProxy into docs/performance.md, and diagnose beside jq and DuckDB (about a quarter of an hour)
	@bench/run -engines -scale -o docs/performance.md
	@bench/run-logs

soak: ## run Causeway for an hour under everything at once; are memory, descriptors and latency flat?
	@bench/run-soak

packages: ## install the programs that tests run against, where they are missing
	@scripts/packages nginx node curl gcc openssl

clean: ## remove what was built
	rm -rf bin
