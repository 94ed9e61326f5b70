package cli

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/client"
	"auditlog/rpc"
	"auditlog/store/kv/pgkv/pgtest"
)

// older is a log in a database, of which an older copy is put in its place.
type older struct {
	*testing.T
	server   *pgtest.Server
	key, dir string
	address  string // of the database
}

// An older copy of the database is read alone by every node that has seen more, until the loss is accepted:
// once, whoever else has seen more. Then an epoch begins, and sinks go back to the end of the log.
func TestOlderDatabase(t *testing.T) {
	t.Parallel()
	o := &older{T: t, server: pgtest.StartServer(t), key: newKey(t), dir: t.TempDir()}
	o.address = o.server.Database(t)
	one, two := o.start("one"), o.start("two")
	o.record(one, "kept", 3)
	o.shipped(3)
	o.stop(one, two)
	o.copy()
	one, two = o.start("one"), o.start("two")
	o.record(one, "lost", 2)
	o.shipped(5)
	if all := o.list(two); len(all) != 5 {
		t.Errorf("%d entries are listed, not 5", len(all))
	}
	o.stop(one, two)
	o.putBack()

	one = o.start("one")
	if all := o.list(one); len(all) != 3 {
		t.Errorf("%d entries of the copy are listed, not 3", len(all))
	}
	c := &client.Client{URL: one.url, Tries: 1}
	for what, err := range map[string]error{"ready": c.Ready(t.Context()), "recording": o.try(one, "refused")} {
		if audit.KindOf(err) != audit.Unavailable || !strings.Contains(fmt.Sprint(err), "--accept-rollback") {
			t.Errorf("%s answers %v", what, err)
		}
	}
	o.stop(one)

	one = o.start("one", "--accept-rollback")
	o.record(one, "after", 1)
	two = o.start("two")
	o.record(two, "after", 1)
	if all := o.list(two); len(all) != 5 || all[0].Detail != "after 0" || all[2].Detail != "kept 2" {
		t.Errorf("listed are %v", all)
	}
	o.shipped(7)
	accepted := 0
	for range o.entries(one, audit.SystemProject, "log.rollback") {
		accepted++
	}
	if accepted != 1 {
		t.Errorf("%d losses were accepted", accepted)
	}
	o.stop(one, two)
	one = o.start("one")
	o.record(one, "again", 1)
}

func (o *older) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *older) start(node string, args ...string) *process {
	o.Helper()
	p, err := o.run(node, args...)
	o.must(err)
	o.Cleanup(p.kill)
	return p
}

func (o *older) run(node string, args ...string) (*process, error) {
	o.Helper()
	settings := filepath.Join(o.dir, node+".toml")
	o.must(os.WriteFile(settings, fmt.Appendf(nil, "[[sink]]\nname = \"file\"\nproject = \"acme\"\nto = \"file://%s\"\nwait = \"50ms\"\n", o.sink()), 0o600))
	return startServer(os.Environ(), o.dir, append([]string{"--dev", "--allow-async", "--data", filepath.Join(o.dir, node), "--signing-key", o.key,
		"--config", settings, "--store", o.address}, args...)...)
}

func (o *older) sink() string { return filepath.Join(o.dir, "shipped.ndjson") }

func (o *older) stop(all ...*process) {
	o.Helper()
	for _, p := range all {
		o.must(p.stop(syscall.SIGTERM))
	}
}

// copy copies the database, which nobody has open.
func (o *older) copy() { o.sql(`CREATE DATABASE older TEMPLATE "` + o.name() + `"`) }

// putBack puts the copy in the place of the database.
func (o *older) putBack() {
	o.sql(`DROP DATABASE "` + o.name() + `"`)
	o.sql(`ALTER DATABASE older RENAME TO "` + o.name() + `"`)
}

func (o *older) sql(statement string) {
	o.Helper()
	_, err := o.server.Query(statement)
	o.must(err)
}

// name returns the name of the database.
func (o *older) name() string {
	u, err := url.Parse(o.address)
	o.must(err)
	return strings.TrimPrefix(u.Path, "/")
}

func (o *older) try(p *process, detail string) error {
	_, err := (&client.Client{URL: p.url, Tries: 1}).Record(o.Context(), one(detail))
	return err
}

func (o *older) record(p *process, detail string, n int) {
	o.Helper()
	for i := range n {
		o.must(o.try(p, fmt.Sprint(detail, " ", i)))
	}
}

// shipped waits until the sink has so many lines of entries.
func (o *older) shipped(n int) {
	o.Helper()
	var text []byte
	for limit := time.Now().Add(startLimit); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		text, _ = os.ReadFile(o.sink())
		if strings.Count(string(text), `"deployment.deploy"`) >= n {
			return
		}
	}
	o.Fatalf("%d entries are not shipped: %s", n, text)
}

func (o *older) list(p *process) (all []*audit.Entry) {
	o.Helper()
	return o.entries(p, "acme", "deployment.deploy")
}

func (o *older) entries(p *process, project, action string) (all []*audit.Entry) {
	o.Helper()
	req := rpc.ListRequest{Query: rpc.Query{Project: project}}
	for e, err := range (&client.Client{URL: p.url}).List(o.Context(), req) {
		o.must(err)
		if e.Action == action {
			all = append(all, e)
		}
	}
	return all
}

// A node that finds another log in the place of its own ends, and does not start, until it is told to begin
// anew with that one.
func TestOtherDatabase(t *testing.T) {
	t.Parallel()
	o := &older{T: t, server: pgtest.StartServer(t), key: newKey(t), dir: t.TempDir()}
	o.address = o.server.Database(t)
	p := o.start("one")
	o.record(p, "kept", 1)
	o.stop(p)
	own := o.address
	o.address = o.server.Database(t)
	p = o.start("other")
	o.record(p, "of another log", 1)
	o.stop(p)
	other := o.name()

	o.address = own
	p = o.start("one")
	o.sql(`ALTER DATABASE "` + o.name() + `" WITH ALLOW_CONNECTIONS false`)
	o.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '` + o.name() + `'`)
	o.sql(`ALTER DATABASE "` + o.name() + `" RENAME TO own`)
	o.sql(`ALTER DATABASE "` + other + `" RENAME TO "` + o.name() + `"`)
	select {
	case err := <-p.exit:
		p.exit <- err
		if err == nil {
			t.Error("it ends as if all were well")
		}
	case <-time.After(4 * startLimit):
		t.Fatal("it goes on with another log")
	}
	p.log.await(t, "this node has had log")
	if _, err := o.run("one"); err == nil || !strings.Contains(err.Error(), "database.json to have it begin anew") {
		t.Errorf("a start on it says %v", err)
	}
	o.must(os.Remove(filepath.Join(o.dir, "one", "database.json")))
	if all := o.list(o.start("one")); len(all) != 1 || all[0].Detail != "of another log 0" {
		t.Errorf("listed are %v", all)
	}
}
