package api

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/auth/rights"
	"auditlog/notary"
	"auditlog/proof"
	"auditlog/proof/evidence"
	"auditlog/rpc"
	"auditlog/store"
)

// signedBy is the key that newNotary gives.
func signedBy(t *testing.T) proof.PublicKey {
	t.Helper()
	key, err := proof.GenerateKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

// TestProofOfEntry follows the proof of one entry from what the API answers to a signed checkpoint.
func TestProofOfEntry(t *testing.T) {
	f := start(t, Options{})
	for range 3 {
		f.ok(rpc.Record, deployEntry, nil)
	}
	var res rpc.ProvedEntry
	f.ok(rpc.Get, `{"project":"acme","id":2,"proof":true}`, &res)
	p, err := proof.ParseLeafProof([]byte(res.Proof))
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.OpenCheckpoint(p.Checkpoint, signedBy(t))
	if err != nil {
		t.Fatal(err)
	}
	salt, err := base64.StdEncoding.DecodeString(res.Salt)
	if err != nil || string(salt) != string(p.Extra) || c.Size != 3 {
		t.Fatalf("salt %x, %v; %+v", salt, err, c)
	}
	leaf := proof.LeafHash(proof.Commit(proof.Salt(salt), res.Entry.AppendJSON(nil)))
	if err := proof.CheckInclusion(p.Hashes, c, p.Index, leaf); err != nil || p.Index != res.Entry.Seq-1 {
		t.Errorf("leaf %d of seq %d: %v", p.Index, res.Entry.Seq, err)
	}
	f.post(rpc.Get, `{"project":"acme","id":20,"proof":true}`)
}

// TestPullProves pulls entries with their proofs.
func TestPullProves(t *testing.T) {
	f := start(t, Options{})
	for range 5 {
		f.ok(rpc.Record, deployEntry, nil)
	}
	var res rpc.PullResult
	f.ok(rpc.Pull, `{"project":"acme","from":2,"limit":3,"proof":true}`, &res)
	if len(res.Items) != 3 || len(res.Proofs) != 3 {
		t.Fatalf("%d entries, %d proofs", len(res.Items), len(res.Proofs))
	}
	for i, e := range res.Items {
		p, err := proof.ParseLeafProof([]byte(res.Proofs[i].Proof))
		if err != nil {
			t.Fatal(err)
		}
		c, err := proof.OpenCheckpoint(p.Checkpoint, signedBy(t))
		if err == nil {
			err = proof.CheckInclusion(p.Hashes, c, e.Seq-1, proof.LeafHash(proof.Commit(proof.Salt(p.Extra), e.AppendJSON(nil))))
		}
		if err != nil || res.Proofs[i].Salt != base64.StdEncoding.EncodeToString(p.Extra) {
			t.Errorf("entry %d: %v", e.ID, err)
		}
	}
	f.ok(rpc.Pull, `{"project":"acme","from":"now","proof":true}`, nil)
	if res, answer := f.post(rpc.Pull, `{"proof":true}`); res.StatusCode != http.StatusBadRequest || !strings.Contains(answer, "name it") {
		t.Errorf("of no project: %s %s", res.Status, answer)
	}
	if res, answer := f.post(rpc.Pull, `{"project":"acme","proof":true}`, "Accept", rpc.TypeNDJSON); res.StatusCode != http.StatusBadRequest {
		t.Errorf("as lines: %s %s", res.Status, answer)
	}
}

// TestEvidence downloads a bundle and verifies it.
func TestEvidence(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, deployEntry, nil)
	f.ok(rpc.Record, strings.Replace(deployEntry, "ada@", "bob@", 1), nil)
	for body, want := range map[string]int{`{"project":"acme"}`: 2, `{"project":"acme","actor":"bob@example.com"}`: 1} {
		res, bundle := f.post(rpc.Prove, body)
		n := 0
		got, err := evidence.Verify(strings.NewReader(bundle), &evidence.Policy{Keys: []proof.PublicKey{signedBy(t)}}, func(*audit.Entry) error { n++; return nil })
		if err != nil || n != want || res.Header.Get("Content-Type") != rpc.TypeNDJSON || !strings.Contains(res.Header.Get("Content-Disposition"), "acme-evidence.ndjson") {
			t.Errorf("%s: %d entries, %v, %v", body, n, err, res.Header)
		} else if !strings.Contains(string(got.Header.Query), `"acme"`) {
			t.Errorf("%s: the query is %s", body, got.Header.Query)
		}
	}
	for body, status := range map[string]int{`{}`: 400, `{"project":"nobody"}`: 404, `{"project":"acme","actor":"x@y.z"}`: 404, `{"project":"acme","outcome":"odd"}`: 400} {
		if res, answer := f.post(rpc.Prove, body); res.StatusCode != status {
			t.Errorf("%s: %s %s", body, res.Status, answer)
		}
	}
}

// TestTlog reads the trees as other people's tools do.
func TestTlog(t *testing.T) {
	f := start(t, Options{})
	f.ok(rpc.Record, strings.Replace(deployEntry, `"acme"`, `"a b/+"`, 1), nil)
	f.ok(rpc.LogCheckpoint, `{}`, nil)
	read := func(path string) (*http.Response, string) {
		return f.do(f.request(http.MethodGet, "/tlog/"+path, ""))
	}
	_, keys := read("keys")
	origin, key, err := proof.ParsePublicKey(keys)
	if err != nil || key != signedBy(t) {
		t.Fatalf("keys %q: %v", keys, err)
	}
	_, signed := read("log/checkpoint")
	if c, err := proof.OpenCheckpoint([]byte(signed), key); err != nil || c.Size != 1 || c.Origin != origin {
		t.Errorf("master: %+v, %v", c, err)
	}
	res, signed := read("project/a%20b%2F%2B/1/checkpoint")
	c, err := proof.OpenCheckpoint([]byte(signed), key)
	if err != nil || c.Size != 1 || c.Origin != origin+"/a%20b%2F%2B/1" || res.Header.Get("Cache-Control") != "no-cache" || res.Header.Get("Content-Type") != rpc.TypeCheckpoint {
		t.Errorf("project: %+v, %v, %v", c, err, res.Header)
	}
	res, tile := read("project/a%20b%2F%2B/1/tile/0/000.p/1")
	if tile != string(c.Root[:]) || !strings.Contains(res.Header.Get("Cache-Control"), "immutable") || res.Header.Get("Content-Type") != rpc.TypeTile {
		t.Errorf("the tile of one leaf is %x, %v, the root %x", tile, res.Header, c.Root)
	}
	if _, tile := read("project/a%20b%2F%2B/1/tile/entries/000.p/1"); len(tile) != 34 || proof.LeafHash(proof.Commitment([]byte(tile)[2:])) != c.Root {
		t.Errorf("the entries' tile is %x", tile)
	}
	if _, tile := read("log/tile/entries/000.p/1"); !strings.Contains(tile, "auditlog head v1\n0\n") {
		t.Errorf("the heads' tile is %q", tile)
	}
	for _, path := range []string{"", "x", "keys/x", "log", "log/", "log/x", "log/tile/0/000", "log/tile/0/000.p/2", "log/tile/x/000", "project/acme", "project/a%20b%2F%2B/2/checkpoint",
		"project/a%20b%2F%2B/0/checkpoint", "project/a%20b%2F%2B/x/checkpoint", "project/nobody/1/checkpoint", "project/acme/1/tile/0/000/x"} {
		if res, answer := read(path); res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s %s", path, res.Status, answer)
		}
	}
}

// TestTlogPermissions: a tree is for who may have evidence of its project, the master log for
// who may of any.
func TestTlogPermissions(t *testing.T) {
	g := startGuarded(t, "acme", "beta")
	g.mustCall(g.root, rpc.LogCheckpoint, `{}`)
	viewer, _ := g.create(rights.Viewer, time.Time{}, "acme")
	recorder, _ := g.create(rights.Recorder, time.Time{}, "acme")
	for _, tt := range []struct {
		token, path string
		want        int
	}{
		{viewer, "project/acme/1/checkpoint", 200}, {viewer, "project/acme/1/tile/0/000.p/1", 200}, {viewer, "log/checkpoint", 200}, {viewer, "keys", 200},
		{viewer, "project/beta/1/checkpoint", 403}, {viewer, "project/ghost/1/checkpoint", 403}, {viewer, "project/beta/1/tile/entries/000.p/1", 403},
		{viewer, "project/_auditlog/1/checkpoint", 403}, {g.root, "project/_auditlog/1/checkpoint", 200},
		{recorder, "project/acme/1/checkpoint", 403}, {recorder, "log/checkpoint", 403}, {recorder, "keys", 403},
		{"", "project/acme/1/checkpoint", 401}, {"", "log/checkpoint", 401}, {"", "keys", 401}, {"nonsense", "log/tile/0/000.p/1", 401},
	} {
		r := g.request(http.MethodGet, "/tlog/"+tt.path, "")
		if tt.token != "" {
			r.Header.Set("Authorization", "Bearer "+tt.token)
		}
		if res, answer := g.do(r); res.StatusCode != tt.want {
			t.Errorf("%s: %s %s, want %d", tt.path, res.Status, answer, tt.want)
		}
	}
}

// TestCheckpoint asks for what leads from one checkpoint to the next, and brings a witness's
// signature.
func TestCheckpoint(t *testing.T) {
	st := openStore(t, store.Options{})
	witnessKey, err := proof.GenerateKey(strings.NewReader(strings.Repeat("w", 32)))
	if err != nil {
		t.Fatal(err)
	}
	w := proof.Witness{Name: "witness.example.org", Key: witnessKey.Public()}
	f := start(t, Options{Store: st, Proofs: newNotary(t, st, notary.Options{Known: []proof.Witness{w}})})
	var old, now rpc.CheckpointResult
	if res, answer := f.post(rpc.LogCheckpoint, `{}`); res.StatusCode != http.StatusNotFound {
		t.Errorf("a checkpoint of nothing: %s %s", res.Status, answer)
	}
	f.ok(rpc.Record, deployEntry, nil)
	f.ok(rpc.LogCheckpoint, `{}`, &old)
	f.ok(rpc.Record, deployEntry, nil)
	f.ok(rpc.LogCheckpoint, `{"old":1}`, &now)
	a, errA := proof.OpenCheckpoint([]byte(old.Checkpoint), signedBy(t))
	b, errB := proof.OpenCheckpoint([]byte(now.Checkpoint), signedBy(t))
	if errA != nil || errB != nil || len(now.Proof) != 1 {
		t.Fatalf("%v, %v, %v", errA, errB, now.Proof)
	}
	hash, _ := base64.StdEncoding.DecodeString(now.Proof[0])
	if err := proof.CheckConsistency([]proof.Hash{proof.Hash(hash)}, b, a); err != nil {
		t.Error(err)
	}
	if res, answer := f.post(rpc.LogCheckpoint, `{"old":3}`); res.StatusCode != http.StatusBadRequest {
		t.Errorf("what never was: %s %s", res.Status, answer)
	}
	cosigned, err := proof.Sign(b, witnessKey.Cosigner(w.Name, testNow))
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(cosigned), "\n\n")
	f.ok(rpc.LogCosign, fmt.Sprintf(`{"cosignatures":%q}`, lines), &now)
	if sig, ok := w.Cosigned([]byte(now.Checkpoint)); !ok || !sig.Time.Equal(testNow) {
		t.Errorf("cosigned: %+v, %t", sig, ok)
	}
	res, bundle := f.post(rpc.Prove, `{"project":"acme"}`)
	got, err := evidence.Verify(io.Reader(strings.NewReader(bundle)), &evidence.Policy{Witnesses: []proof.Witness{w}, Quorum: 1}, func(*audit.Entry) error { return nil })
	if err != nil || len(got.Witnesses) != 1 {
		t.Errorf("%s: %v, %+v", res.Status, err, got)
	}
	for _, bad := range []string{"", "x", strings.Replace(lines, "witness", "another", 1), strings.Replace(string(cosigned), "\n2\n", "\n3\n", 1), string(cosigned)[:60]} {
		if res, answer := f.post(rpc.LogCosign, fmt.Sprintf(`{"cosignatures":%q}`, bad)); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %s %s", bad, res.Status, answer)
		}
	}
}
