package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayImport is the table of which package may import which others of this module.
// What is not in it may not exist.
var mayImport = map[string]string{
	// The rooms of a block. What chunk has of audit is what ASCII is, and search how letters fold.
	"store/block/bits":     "",
	"store/block/chunk":    "audit store/block/bits",
	"store/block/lex":      "",
	"store/block/distinct": "store/block/bits",
	"store/block/uuid":     "store/block/bits store/block/lex",
	"store/block/column":   "store/block/bits store/block/chunk store/block/distinct store/block/lex store/block/uuid",
	"store/block/search":   "audit fulltext store/block/bits store/block/chunk store/block/column store/block/lex",
	"store/block":          "audit fulltext store/block/bits store/block/column store/block/search",

	".":                    "cli",
	"audit":                "audit/nfc",
	"audit/nfc":            "",
	"admit":                "audit",
	"backoff":              "",
	"durable":              "",
	"basepath":             "",
	"filelock":             "",
	"audit/audittest":      "audit",
	"calendar":             "audit",
	"fulltext":             "audit",
	"proof":                "",
	"proof/evidence":       "audit proof",
	"proof/qr":             "",
	"witness":              "durable filelock proof",
	"notary":               "admit audit backoff proof proof/evidence store/format store/kv store/trees",
	"spell":                "",
	"rpc":                  "audit",
	"export":               "audit format",
	"importer":             "audit",
	"demo":                 "audit",
	"client":               "audit backoff rpc",
	"backup":               "store/kv",
	"backup/place":         "audit backup backup/s3 durable filelock",
	"backup/s3":            "audit backup",
	"backup/duty":          "audit backoff backup backup/place store/copies store/format store/kv auth/rights",
	"store/kv":             "",
	"store/kv/boltkv":      "durable filelock store/kv",
	"store/kv/kvtest":      "store/kv",
	"store/kv/pgkv":        "durable store/kv store/kv/pgkv/kept",
	"store/kv/pgkv/kept":   "",
	"store/kv/pgkv/pgtest": "",
	"store/queue":          "",
	"store/life":           "audit store/format",
	"store/quota":          "audit store/format store/queue",
	"store/format":         "audit fulltext proof store/block store/block/bits",
	"store/sequence":       "store/format store/kv",
	"store/blocks":         "audit fulltext store/block store/block/bits store/format store/kv store/sequence",
	"store/keys":           "audit store/format store/kv",
	"store/trees":          "proof store/format store/kv",
	"store/memory":         "audit store/blocks store/format store/hurt store/keys store/kv",
	"store/duty":           "audit store/format store/kv",
	"store/catchup":        "audit store/format store/keys store/kv store/life store/memory store/queue store/quota store/seal store/trees",
	"store/commit":         "audit store/catchup store/format store/keys store/kv store/life store/memory",
	"store/purge":          "audit store/blocks store/catchup store/commit store/format store/kv store/memory",
	"store/seal":           "audit fulltext store/blocks store/format store/keys store/kv store/memory store/queue store/sequence",
	"store/read":           "admit audit fulltext store/block store/blocks store/counts store/format store/found store/kv store/memory store/sequence store/walk",
	"store/upgrade":        "audit store/format store/kv",
	"store/check":          "audit fulltext proof proof/evidence store/block store/blocks store/format store/keys store/kv store/sequence store/trees",
	"store/counts":         "admit audit store/block store/block/bits store/format store/kv store/walk",
	"store/found":          "admit audit fulltext store/block store/format",
	"store/walk":           "admit audit store/block store/block/bits store/blocks store/format store/found store/kv",
	"store/hurt":           "audit store/blocks store/kv",
	"store/repair":         "audit durable fulltext store/block store/blocks store/check store/format store/keys store/kv store/kv/boltkv store/trees",
	"store/move":           "audit store/check store/copies store/format store/kv store/kv/boltkv store/kv/pgkv",
	"store/copies":         "audit durable store/blocks store/check store/format store/kv store/kv/boltkv store/upgrade",
	"store/nodestest":      "store store/format store/kv store/kv/boltkv store/kv/kvtest store/upgrade",
	"store/storetest":      "audit audit/audittest fulltext",
	"store":                "audit fulltext proof store/blocks store/catchup store/check store/commit store/duty store/format store/keys store/kv store/kv/boltkv store/kv/pgkv store/life store/memory store/purge store/queue store/quota store/read store/seal store/trees store/upgrade",
	"follow":               "backoff",
	"sinks":                "audit calendar rpc shipping auth/rights",
	"shipping":             "admit audit backoff follow pull shipping/secrets shipping/tap sink",
	"shipping/secrets":     "audit",
	"shipping/tap":         "audit backoff store/block",
	"pull":                 "admit audit backoff rpc",
	"ship":                 "audit backoff durable filelock follow proof pull rpc sink",
	"index/words":          "audit",

	"index/words/wordstest": "",

	"index/lexicon":    "fulltext",
	"index/listing":    "durable",
	"index":            "audit backoff follow fulltext index/lexicon index/listing index/words",
	"scrub":            "durable store/check",
	"retention":        "backoff",
	"auth":             "allowance audit auth/address auth/refused auth/rights auth/secrets",
	"auth/rights":      "audit",
	"auth/secrets":     "audit auth/guess",
	"auth/address":     "audit",
	"auth/refused":     "audit auth/address auth/fold auth/rights",
	"auth/fold":        "audit",
	"auth/guess":       "",
	"auth/oidc":        "audit auth auth/rights",
	"allowance":        "",
	"reading":          "allowance audit auth/fold auth/rights rpc",
	"admin":            "audit auth auth/rights retention",
	"searches":         "allowance audit calendar rpc auth/rights",
	"viewer":           "audit auth auth/rights calendar rpc searches",
	"api/strict":       "audit",
	"api/wire":         "audit auth/address rpc",
	"api/intake":       "admit api/strict api/wire audit rpc",
	"api/dialect":      "audit calendar rpc",
	"api/metrics":      "admit audit auth backup/duty retention rpc scrub shipping",
	"api":              "admit api/strict api/dialect api/intake api/metrics api/wire audit calendar notary proof rpc export format auth auth/address auth/refused auth/rights pull reading retention admin backup/duty scrub searches shipping slowest status viewer",
	"console/sinkpage": "audit rpc sinks",
	"console":          "proof/evidence proof/qr admit audit calendar rpc export format auth auth/rights reading retention admin demo searches console/amounts console/sinkpage console/statuspage console/clock console/columns console/draw console/entrypage console/figures console/filter console/stream console/suggest console/tokenpage sinks viewer",
	"cli":              "cli/admin cli/build cli/command cli/connection cli/entries cli/exit cli/folder cli/help cli/proofs cli/server cli/shipping cli/terminal",
	"cli/command":      "cli/exit cli/filters cli/output cli/terminal spell",
	"cli/connection":   "audit auth/address cli/build cli/command cli/contexts cli/exit cli/filters cli/secret cli/terminal client rpc spell",
	"cli/entries":      "audit calendar cli/build cli/command cli/connection cli/exit cli/filters cli/terminal client demo export format importer importer/cloudtrail pull rpc spell",
	"cli/folder":       "audit backoff backup backup/duty backup/place cli/command cli/connection cli/exit cli/server cli/settings cli/signing client index notary proof rpc spell store store/copies store/kv store/move store/repair",
	"cli/proofs":       "audit auth/rights cli/command cli/connection cli/exit cli/filters cli/signing client proof proof/evidence proof/qr rpc spell witness",
	"cli/shipping":     "audit cli/build cli/command cli/connection cli/exit cli/filters cli/server cli/settings cli/terminal client format rpc ship sink sink/kinds sinks",
	"cli/admin":        "audit auth/rights calendar cli/command cli/connection cli/exit cli/filters cli/settings cli/terminal client rpc spell",
	"cli/help":         "audit cli/build cli/command cli/connection cli/exit cli/filters cli/output client rpc spell",
	"cli/server": "admit api api/wire audit auth auth/oidc auth/address auth/rights backoff backup/duty basepath cli/build cli/exit cli/filters cli/output cli/secret " +
		"cli/settings cli/signing cli/terminal console durable fulltext growth index notary proof reading retention rpc scrub shipping shipping/secrets " +
		"sink sink/kinds sinks slowest spell status store witness",
	"cli/secret":   "durable",
	"cli/contexts": "cli/exit cli/secret",
	"cli/signing":  "audit cli/exit cli/secret durable proof store store/kv store/trees",
	"cli/build":    "",
	"cli/exit":     "audit spell",
	"cli/filters":  "audit calendar cli/exit rpc",
	"cli/output":   "cli/exit cli/terminal durable",
	"cli/settings": "audit calendar",
	"cli/terminal": "spell",

	"importer/cloudtrail": "audit importer",

	"format":       "audit",
	"sink":         "audit format",
	"sink/stream":  "audit format sink",
	"sink/dial":    "audit sink",
	"sink/bucket":  "audit backoff backup/s3 format sink sink/dial sink/web",
	"sink/otlp":    "audit format sink sink/web",
	"sink/syslog":  "audit format sink sink/dial",
	"sink/elastic": "audit format sink sink/web",
	"sink/loki":    "audit format sink sink/web",
	"sink/splunk":  "audit backoff format sink sink/web",
	"sink/file":    "audit filelock format sink",
	"sink/web":     "audit backoff sink sink/dial",
	"sink/webhook": "audit format sink sink/web",
	"sink/kinds":   "audit format sink sink/bucket sink/elastic sink/file sink/loki sink/otlp sink/splunk sink/stream sink/syslog sink/webhook",

	"sink/sinktest": "audit audit/audittest sink",

	// What the page Status shows.
	"growth":             "durable",
	"slowest":            "",
	"status":             "audit backup/duty calendar growth notary rpc scrub shipping slowest",
	"console/amounts":    "",
	"console/statuspage": "console/amounts rpc",

	// The rooms of the page.
	"console/clock":     "calendar console/amounts",
	"console/columns":   "",
	"console/draw":      "console/amounts proof/evidence spell",
	"console/entrypage": "audit console/clock console/figures console/filter rpc",
	"console/figures":   "audit calendar console/amounts console/clock console/filter",
	"console/filter":    "audit calendar rpc spell",
	"console/stream":    "audit",
	"console/suggest":   "audit console/clock console/filter",
	"console/tokenpage": "audit auth auth/address auth/rights console/clock console/filter",

	// A program of its own, for make attack.
	"attack": "audit client rpc",
}

// onlyIn says of packages from outside this module which of its packages may
// import them, so that what they are stays in one place. Packages of the standard
// library are free but for those that are named here.
var onlyIn = map[string]string{
	"net/http": "api api/dialect api/metrics api/wire attack auth auth/address auth/oidc basepath client console console/clock console/columns console/draw console/stream cli/connection cli/server rpc backup/s3 sink/bucket sink/elastic sink/loki sink/splunk sink/web sink/webhook sink/sinktest witness",

	"filippo.io/age":                      "backup backup/duty",
	"go.etcd.io/bbolt":                    "store/kv/boltkv index index/listing", // bleve keeps its root in one
	"github.com/blevesearch":              "index",
	"github.com/RoaringBitmap":            "index",
	"github.com/julienschmidt/httprouter": "api",
	"github.com/prometheus/client_golang": "api/metrics",
	"github.com/rs/zerolog":               "api api/wire backup/duty console growth index notary retention scrub shipping cli/folder cli/server",
	"github.com/go-json-experiment/json":  "api/intake api/strict importer importer/cloudtrail",
	"github.com/klauspost/compress":       "api/wire backup sink sink/bucket store/format store/block/chunk",
	"github.com/spf13":                    "cli cli/admin cli/command cli/connection cli/entries cli/filters cli/folder cli/help cli/proofs cli/server cli/settings cli/shipping",
	"go.opentelemetry.io/proto/otlp":      "sink/otlp",
	"google.golang.org/protobuf":          "sink/otlp",
	"github.com/minio/minio-go":           "backup/s3",
	"github.com/BurntSushi/toml":          "cli/settings",
	"github.com/coreos/go-oidc":           "auth/oidc",
	"golang.org/x/sys":                    "cli/server sink/syslog store/kv/boltkv",
	"golang.org/x/term":                   "cli/terminal",
	"golang.org/x/text":                   "index index/words index/words/wordstest cli/terminal spell",
	"golang.org/x/time":                   "auth/address cli/server notary",
	"github.com/piglig/go-qr":             "proof/qr",
	"golang.org/x/mod":                    "proof",
	"golang.org/x/sync":                   "console console/figures cli/server",
	"github.com/jackc/pgx":                "store/kv/pgkv store/kv/pgkv/pgtest",
}

// forTests are the packages of this module that are a part of tests: tests alone import
// them, and they may import what tests may from outside.
var forTests = []string{"audit/audittest", "sink/sinktest", "store/kv/kvtest", "store/nodestest", "store/kv/pgkv/pgtest", "store/storetest", "index/words/wordstest"}

// inTests are the packages that tests alone may import.
var inTests = []string{"github.com/rogpeppe/go-internal", "pgregory.net/rapid", "github.com/johannesboyne/gofakes3", "github.com/standard-webhooks", "github.com/chromedp"}

const (
	maxFileLines     = 600
	maxFunctionLines = 60
	maxTestLines     = 100  // of a function of tests
	maxPackageLines  = 3000 // without tests
)

// sourceFile is a parsed file of this module.
type sourceFile struct {
	path   string
	pkg    string // the folder
	isTest bool
	set    *token.FileSet
	syntax *ast.File
}

// source parses every file of this module. Other modules in its folders are left out.
func source(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(file, d.Name())
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, file, nil, parser.ParseComments)
		files = append(files, sourceFile{file, path.Dir(filepath.ToSlash(file)), strings.HasSuffix(file, "_test.go"), set, syntax})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("there are only %d files: the test does not see them", len(files))
	}
	return files
}

// enter decides whether a folder holds source of this module.
func enter(dir, name string) error {
	if dir == "." {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || name == "testdata" || strings.HasPrefix(name, ".") {
		return filepath.SkipDir
	}
	return nil
}

func TestImports(t *testing.T) {
	for _, f := range source(t) {
		for _, spec := range f.syntax.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := refused(f, name); why != "" {
				t.Errorf("%s: %s: %s", f.set.Position(spec.Pos()), name, why)
			}
		}
	}
}

// What the tables allow is what is imported: a permission that nobody needs is one that
// the next import uses unseen.
func TestImportsAllowedAreMade(t *testing.T) {
	made := make(map[[2]string]bool) // by a package, of another, tests left out
	inTest := make(map[string]bool)
	there := make(map[string]bool)
	for _, f := range source(t) {
		there[f.pkg] = true
		for _, spec := range f.syntax.Imports {
			name, _ := strconv.Unquote(spec.Path.Value) // TestImports reports it
			if f.isTest {
				inTest[name] = true
			} else {
				made[[2]string{f.pkg, name}] = true
			}
		}
	}
	for _, pkg := range slices.Concat(slices.Collect(maps.Keys(mayImport)), forTests) {
		if !there[pkg] {
			t.Errorf("package %s is in a table and is not there", pkg)
		}
	}
	for pkg, allowed := range mayImport {
		for own := range strings.FieldsSeq(allowed) {
			if !made[[2]string{pkg, "auditlog/" + own}] {
				t.Errorf("package %s may import %s and does not", pkg, own)
			}
		}
	}
	for name, pkgs := range onlyIn {
		for pkg := range strings.FieldsSeq(pkgs) {
			var imported []string
			for m := range made {
				if m[0] == pkg {
					imported = append(imported, m[1])
				}
			}
			if !anyWithin(slices.Values(imported), name) {
				t.Errorf("package %s may import %s and does not", pkg, name)
			}
		}
	}
	for _, name := range inTests {
		if !anyWithin(maps.Keys(inTest), name) {
			t.Errorf("tests may import %s, and none does", name)
		}
	}
}

// anyWithin reports whether one of the packages is p or lies in it.
func anyWithin(names iter.Seq[string], p string) bool {
	for name := range names {
		if within(name, p) {
			return true
		}
	}
	return false
}

// refused returns why a file may not import a package, or "".
func refused(f sourceFile, name string) string {
	allowed, known := mayImport[f.pkg]
	own, isOwn := strings.CutPrefix(name, "auditlog/")
	switch {
	case !known:
		return "package " + f.pkg + " is not in the table"
	case isOwn && !f.isTest && slices.Contains(forTests, own) && !slices.Contains(forTests, f.pkg):
		return "only tests may import it"
	case isOwn && !f.isTest && !slices.Contains(strings.Fields(allowed), own):
		return "package " + f.pkg + " may import " + allowed
	case isOwn || f.isTest:
		return ""
	case slices.ContainsFunc(inTests, func(p string) bool { return within(name, p) }):
		if slices.Contains(forTests, f.pkg) {
			return ""
		}
		return "only tests may import it"
	}
	for p, where := range onlyIn {
		if within(name, p) {
			if slices.Contains(strings.Fields(where), f.pkg) {
				return ""
			}
			return "only " + where + " may import it"
		}
	}
	if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") {
		return "is in no table"
	}
	return ""
}

// within reports whether the package called name is p or lies in it.
func within(name, p string) bool { return name == p || strings.HasPrefix(name, p+"/") }

func TestSizes(t *testing.T) {
	for _, f := range source(t) {
		if n := f.set.File(f.syntax.Pos()).LineCount(); n > maxFileLines {
			t.Errorf("%s has %d lines, at most %d are read with pleasure", f.path, n, maxFileLines)
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from, to, most := f.set.Position(fn.Pos()), f.set.Position(fn.End()), maxFunctionLines
			if f.isTest || slices.Contains(forTests, f.pkg) {
				most = maxTestLines
			}
			if n := to.Line - from.Line + 1; n > most {
				t.Errorf("%s: %s has %d lines, at most %d fit a screen", from, fn.Name.Name, n, most)
			}
			if fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s: an init function runs behind everybody's back", from)
			}
		}
	}
}

func TestPackagesFitAHead(t *testing.T) {
	lines := make(map[string]int)
	for _, f := range source(t) {
		if !f.isTest {
			lines[f.pkg] += f.set.File(f.syntax.Pos()).LineCount()
		}
	}
	for pkg, n := range lines {
		if n > maxPackageLines {
			t.Errorf("package %s has %d lines, at most %d fit a head: give it rooms", pkg, n, maxPackageLines)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	told := make(map[string]bool)
	for _, f := range source(t) {
		if !f.isTest {
			told[f.pkg] = told[f.pkg] || f.syntax.Doc != nil
		}
	}
	for pkg, ok := range told {
		if !ok {
			t.Errorf("package %s has no comment", pkg)
		}
	}
}
