# make help lists what there is.

GO ?= go
BINARY := bin/causeway

.PHONY: help build demo
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the binary into bin/
	@CGO_ENABLED=0 $(GO) build -trimpath -o $(BINARY) ./cmd/causeway

demo: build ## make intermittent 502s, find their cause, cure it, prove it (about a minute)
	@$(BINARY) lab demo
