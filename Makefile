# What people do with this project, a target each.
# ARGS are flags of the benchmark: make bench ARGS='-n 100000 -runs 1'.
.PHONY: test lint bench

# test does everything that CI does: it installs what the tests need, then checks and tests.
test: lint
	go test -race -timeout 9m ./...
	cd bench && go vet ./... && go test ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "these files want gofmt"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# bench measures this log beside SQLite and PostgreSQL, and writes docs/performance.md.
bench:
	cd bench && go run . -docs ../docs/performance.md $(ARGS)
