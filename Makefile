# What people do with this project, a target each.
.PHONY: test lint

# test does everything that CI does: it installs what the tests need, then checks and tests.
test: lint
	go test -race -timeout 9m ./...

lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "these files want gofmt"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
