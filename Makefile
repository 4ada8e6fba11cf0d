# Everything works on a fresh clone. -buildvcs=false lets a clone that belongs to another user build.
GO      ?= go
BUILD   := -buildvcs=false
TIMEOUT ?= 15m

.DEFAULT_GOAL := help
.PHONY: run build test deps check unit bench lint fmt clean help

run: ## Start everything in one process, with demo data and nothing to install
	$(GO) run $(BUILD) . dev

build: ## Build bin/beian, a static binary
	CGO_ENABLED=0 $(GO) build $(BUILD) -trimpath -o bin/beian .

test: deps check ## Install what the tests need (Debian, Ubuntu) and run all of them with the race detector
	CGO_ENABLED=1 BEIAN_TEST_SERVICES=required scripts/with-postgres.sh \
		$(GO) test $(BUILD) -race -p 2 -timeout $(TIMEOUT) ./...

deps:
	scripts/install-test-deps.sh

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "Not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod verify
	$(GO) vet $(BUILD) ./...

unit: ## Run the tests that need nothing installed; the others say why they skip
	$(GO) test $(BUILD) ./...

# POSTGRES_SETTINGS= takes the settings off that make a test server fast and forgetful.
bench: build ## Measure this machine (about ten minutes; run nothing beside it)
	POSTGRES_SETTINGS= scripts/with-postgres.sh bin/beian bench

lint: ## Run golangci-lint where it is installed
	@if command -v golangci-lint >/dev/null; then golangci-lint run ./...; else echo "golangci-lint is not installed: https://golangci-lint.run/docs/welcome/install/"; fi

fmt: ## Format the Go sources
	gofmt -w .

clean: ## Remove what make and make run produced, development data excepted
	rm -rf bin

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
