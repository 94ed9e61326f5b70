# What people do with this project, a target each. ARGS are further flags:
#   make test ARGS='-run Record ./store'    make bench ARGS='-n 100000 -runs 1'
.PHONY: test lint build dist fuzz bench attack cover screenshots tools
FUZZTIME ?= 10s
# Modules of their own, so that what they stand on stays out of the log: how fast it is, and what
# programs of others make of it, an identity provider, verifiers of proofs, a collector, dpkg.
MODULES = bench logintest prooftest receivertest packaging

# test does everything that CI does. On a fresh machine it installs what it needs. Many tests wait more
# than they work, so that more packages than processors run at once. The store's own take long under the
# race detector: it sees their short form, and beside it they run whole without.
test: tools lint build
	$(if $(ARGS),.ci/race -timeout 9m $(ARGS),@set -e; \
	  (.ci/race -short -timeout 9m ./store && exec go test -timeout 14m ./store) & store=$$!; \
	  trap "kill $$store 2> /dev/null || :" EXIT; \
	  .ci/race -timeout 14m -p 3 $$(go list ./... | grep -v '/store$$'); \
	  for module in $(MODULES); do (cd $$module && \
	    if go mod download 2> /dev/null; then go vet ./... && go test ./...; \
	    else echo "what $$module stands on could not be had: what it tries goes untried"; fi); done; \
	  sdk/test; wait $$store)

# lint checks the form of the source. staticcheck's version is in go.mod.
lint:
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "these files want gofmt"; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# build makes bin/auditlog: static, and small enough to be copied anywhere.
build:
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/auditlog .
	@size=$$(wc -c < bin/auditlog); echo "bin/auditlog: $$((size / 1000)) kB"; \
	  test $$size -lt 40000000 || { echo "bin/auditlog is over 40 MB"; exit 1; }

# dist makes what people install, for every system, in bin/dist: see docs/install.md. The same
# commit gives the same bytes. ARGS='-only linux/amd64' makes less.
dist:
	cd packaging && go run . $(ARGS)

# fuzz runs every fuzz target for FUZZTIME. Go would spend most of it on making inputs smaller.
fuzz:
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg; \
	  done; \
	done

# bench measures this log beside SQLite and PostgreSQL, and writes docs/performance.md.
bench:
	cd bench && go run . -docs ../docs/performance.md $(ARGS)

# attack hurts real servers on this machine, each in its own way for some seconds, and
# prints what others feel of it: ARGS='-only unread -seconds 10'
attack:
	go run ./attack $(ARGS)

# cover says how much of each package its own tests and those above it run.
cover:
	go test -coverpkg ./... -coverprofile bin/cover.out ./...
	go tool cover -func bin/cover.out | tail -n 1

# screenshots draws the pictures of the documentation, in fonts like those of most
# systems where Debian's fonts-inter and fonts-jetbrains-mono are installed.
screenshots: tools
	FONTCONFIG_FILE=$(CURDIR)/console/testdata/fonts.conf AUDITLOG_SCREENSHOTS=$(CURDIR)/docs \
	  go test -count 1 -run '^TestScreenshots$$' ./console

# tools installs what the tests need and is not here: a C compiler for the race detector,
# and a browser and servers of others, without which some tests are skipped.
tools: .cache/axe-4.14.1.min.js
	@PATH="$$PATH:$$(echo /usr/lib/postgresql/*/bin | tr ' ' :)"; \
	for need in cc:gcc chromium:chromium curl:curl rsyslogd:rsyslog-gnutls postgres:postgresql; do \
	  command -v $${need%:*} > /dev/null && continue; \
	  if command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $${need#*:} > /dev/null; \
	  else echo "$${need%:*} is not here: install it, or some tests are skipped"; fi; \
	done

# axe-core checks the page for accessibility, in tests alone.
.cache/axe-4.14.1.min.js:
	@mkdir -p .cache && cd .cache && npm pack --silent axe-core@4.14.1 > /dev/null && \
	  tar -xzOf axe-core-4.14.1.tgz package/axe.min.js > axe.new && rm axe-core-4.14.1.tgz && \
	  echo "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c  axe.new" | sha256sum --quiet -c && mv axe.new $(@F) || \
	  echo "axe-core could not be had from the npm registry: accessibility goes unchecked"
