# Everything works on a fresh clone. -buildvcs=false lets a clone that belongs to another user build.
GO      ?= go
BUILD   := -buildvcs=false
TIMEOUT ?= 40m

.DEFAULT_GOAL := help
.PHONY: run build sbom test security chaos deps check vulnerabilities unit bench lint fmt clean help

run: ## Start everything in one process, with demo data and nothing to install
	$(GO) run $(BUILD) . dev

build: ## Build bin/beian, a static binary
	CGO_ENABLED=0 $(GO) build $(BUILD) -trimpath -o bin/beian .

sbom: build ## Build bin/beian and list what is in it: bin/beian.cdx.json, CycloneDX
	$(GO) run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 bin -json -licenses -output bin/beian.cdx.json bin/beian

# The race detector makes decoding pictures, hashing passwords and rendering pages ten times slower: whole programs, pages and
# the office's rules run without it. What several do at once is raced: the packages below them, and by name what happens at once in
# the office and at its counter.
WHOLE := beian/internal/e2e beian/api beian/tasks beian beian/internal/documents
AT_ONCE := R21|Work|A6|at_once|same_time|many|twice
COUNTER := Stream|Session|Once|Idempotency|Limit|Transfer
SERVICES := BEIAN_TEST_SERVICES=required scripts/with-postgres.sh
# SQLite is C turned into Go, and its memory is behind its own locks: to watch that too doubles the time. (Only a package that
# instantiates no generics can be left out: the linker may take its copies of them for everybody's.)
RACE := CGO_ENABLED=1 $(SERVICES) $(GO) test $(BUILD) -race -gcflags=modernc.org/sqlite/lib=-race=false -p 2 -timeout $(TIMEOUT)

test: deps check vulnerabilities ## Install what the tests need (Debian, Ubuntu) and run all of them, what happens at once with the race detector
	$(SERVICES) $(GO) test $(BUILD) -p 2 -timeout $(TIMEOUT) $(WHOLE)
	$(RACE) $$($(GO) list $(BUILD) ./... | grep -vxF "$$(printf '%s\n' $(WHOLE))")
	$(RACE) -run '$(AT_ONCE)' ./tasks
	$(RACE) -run '$(COUNTER)' ./api

security: deps ## Run the tests of docs/security.md, by the names that stand there
	$(SERVICES) $(GO) test $(BUILD) -p 2 -timeout $(TIMEOUT) -run '^('$$(grep -o '`Test[A-Za-z0-9_]*`' docs/security.md | tr -d '`' | sort -u | paste -sd '|')')$$' ./...

deps:
	scripts/install-test-deps.sh

check:
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "Not formatted; run make fmt:"; echo "$$unformatted"; exit 1; fi
	$(GO) mod verify
	$(GO) vet $(BUILD) ./...

vulnerabilities: ## Ask the Go vulnerability database about all that is called, where it can be reached
	scripts/vulnerabilities.sh

unit: ## Run the tests that need nothing installed; the others say why they skip
	$(GO) test $(BUILD) ./...

SECONDS ?= 20

chaos: deps ## Kill and cut real processes for SECONDS a storm, by SEED where one is given, and count the promises with SQL
	BEIAN_TEST_CHAOS_SECONDS=$(SECONDS) BEIAN_TEST_CHAOS_SEED=$(SEED) $(SERVICES) $(GO) test $(BUILD) -v -count=1 -timeout 30m ./internal/chaos

# POSTGRES_SETTINGS= takes the settings off that make a test server fast and forgetful.
bench: build ## Measure this machine (about ten minutes; run nothing beside it)
	POSTGRES_SETTINGS= scripts/with-postgres.sh bin/beian bench

lint: ## Run golangci-lint, by .golangci.yml (builds it first)
	$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

fmt: ## Format the Go sources
	gofmt -w .

clean: ## Remove what make and make run produced, development data excepted
	rm -rf bin

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
