# What there is to run. CI calls the same targets, so that green here is green there.

BIN := bin/ptpu

# What the binary says of itself in /info and `ptpu version`. With SOURCE_DATE_EPOCH
# set the build time is that instant, and the same source gives the same binary.
VERSION    = $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT     = $(shell git rev-parse --verify -q HEAD 2>/dev/null || echo unknown)
BUILD_TIME = $(shell date -u $(if $(SOURCE_DATE_EPOCH),-d @$(SOURCE_DATE_EPOCH)) +%Y-%m-%dT%H:%M:%SZ)
LDFLAGS    = -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.buildTime=$(BUILD_TIME)

# Tools come from their own modules: built on first use, kept in Go's build cache,
# and no dependency of the service.
GOFUMPT    := go tool -modfile=tools/go.mod gofumpt
GOLANGCI   := go tool -modfile=tools/go.mod golangci-lint
ACTIONLINT := go tool -modfile=tools/actionlint.mod actionlint

# The packages that decide; the others carry out. Coverage is asked of these.
RULES := . $(foreach d,processor matcher aggregator listener,$(if $(wildcard $(d)/*.go),./$(d)))

# The packages whose tests can rewrite golden files: those that define -update.
GOLDEN = $(sort $(dir $(shell grep -rl --include='*_test.go' --exclude-dir=testdata --exclude-dir=node_modules \
	'flag[.]Bool.*"update"' . 2>/dev/null)))

# Limits for two cores with nothing compiled yet. They bound one package's tests.
TEST_TIMEOUT ?= 6m
RACE_TIMEOUT ?= 9m

.DEFAULT_GOAL := help
.PHONY: help run up down build test engines assets lint race mutants simulate soak fuzz cover golden

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## build ptpu and start all of it on this machine; Ctrl-C stops it
	@$(BIN) local

up: ## the same on the aws backend in containers: LocalStack, simulators, ptpu (needs Docker)
	docker compose up --build

down: ## stop the containers and forget what they kept
	docker compose --profile two down --volumes

build: assets ## build bin/ptpu
	@echo "building $(BIN) (the first time takes a minute or two)"
	@CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/ptpu

test: engines ## run all tests
	go test -timeout $(TEST_TIMEOUT) ./...

engines: ## fetch the engines of others that the AWS side is tested on (moto, fauxqs), where that can be done
	@scripts/engines || echo "engines: not all could be fetched; the tests that need them are left out"

race: ## run all tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race -timeout $(RACE_TIMEOUT) ./...

assets: ## build the front-end files (Swagger UI) into the packages that serve them, where Node is present
	@scripts/assets || echo "assets: could not be built; pages stay as they are"

lint: ## check formatting, vet, linters and workflows
	@unformatted=$$($(GOFUMPT) -l .) || exit 1; \
	if [ -n "$$unformatted" ]; then \
		echo "not formatted, run '$(GOFUMPT) -w .':"; echo "$$unformatted"; exit 1; \
	fi
	go vet ./...
	$(GOLANGCI) config verify
	$(GOLANGCI) run ./...
	$(if $(wildcard .github/workflows/*.yml),$(ACTIONLINT) -shellcheck= -pyflakes= $(wildcard .github/workflows/*.yml))

mutants: ## break rules on purpose in a copy of the source, and show which test catches each (10 minutes)
	@scripts/mutate

simulate: ## replay a simulated run step by step: make simulate SEED=7 DAYS=30
	go test ./cmd/ptpu -run 'TestSimulation$$' -count 1 -v -seed $(SEED) -days $(or $(DAYS),3) -steps

soak: ## simulate a thousand seeds of three days; SEEDS and DAYS change that
	go test ./cmd/ptpu -run 'TestSimulation$$' -count 1 -v -timeout 0 -seed 1000 -seeds $(or $(SEEDS),1000) -days $(or $(DAYS),3) | grep -v '^ *--- PASS\|^=== '

fuzz: ## run every fuzz target for FUZZTIME each (30s)
	@for package in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			echo "$$package $$target"; go test $$package -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),30s) || exit 1; \
		done; \
	done

cover: ## show the test coverage of the packages that hold the rules
	go test -coverprofile=coverage.out $(RULES)
	@go tool cover -func=coverage.out

golden: ## rewrite the golden files from what the code prints now; read the diff before committing
	@if [ -z "$(GOLDEN)" ]; then echo "no package has golden files"; \
	else go test $(GOLDEN) -run Golden -update; fi
