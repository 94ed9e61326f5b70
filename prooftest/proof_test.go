package prooftest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
)

// tree is a tree of the log, as others see it.
type tree struct {
	origin   string
	verifier note.Verifier
	fetcher  *client.HTTPFetcher
}

// treeOf returns the tree of an incarnation of a project, or the master log where that is "".
func treeOf(t testing.TB, s *server, key, project string, incarnation int) *tree {
	t.Helper()
	origin, _, _ := strings.Cut(key, "+")
	path := "/tlog/log/"
	if project != "" {
		escaped := strings.ReplaceAll(url.PathEscape(project), "+", "%2B") // which no note's name may have
		origin += fmt.Sprintf("/%s/%d", escaped, incarnation)
		path = fmt.Sprintf("/tlog/project/%s/%d/", escaped, incarnation)
	}
	root, err := url.Parse(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	fetcher.SetAuthorizationHeader("Bearer " + adminToken)
	return &tree{origin, verifierOf(t, key, origin), fetcher}
}

// verifierOf returns what checks the notes of a tree: all are signed with one key, each under the
// name of its tree.
func verifierOf(t testing.TB, key, origin string) note.Verifier {
	t.Helper()
	typed, err := base64.StdEncoding.DecodeString(strings.SplitN(key, "+", 3)[2])
	if err != nil || len(typed) != 1+ed25519.PublicKeySize {
		t.Fatalf("key %q: %v", key, err)
	}
	text, err := note.NewEd25519VerifierKey(origin, typed[1:])
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// open opens a checkpoint of the tree.
func (tr *tree) open(t testing.TB, signed string) *log.Checkpoint {
	t.Helper()
	c, _, _, err := log.ParseCheckpoint([]byte(signed), tr.origin, tr.verifier)
	if err != nil {
		t.Fatalf("%s: %v", tr.origin, err)
	}
	return c
}

// fsck has tessera read all of a tree.
func (tr *tree) fsck(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if err := fsck.New(tr.origin, tr.verifier, tr.fetcher, leafHashes, fsck.Opts{N: 4}).Check(ctx); err != nil {
		t.Errorf("fsck of %s: %v", tr.origin, err)
	}
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var eb api.EntryBundle
	if err := eb.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(eb.Entries))
	for i, e := range eb.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(e)
	}
	return hashes, nil
}

// TestFsck: tessera finds nothing wrong with the master log and with projects of one entry, of
// some, and of 300,000, at rest and while they are recorded to, and after a purge.
func TestFsck(t *testing.T) {
	s := serve(t, t.TempDir(), "--checkpoint-every", "1s", "--grace", "0s")
	s.record(1, "one")
	s.record(300_000, "large")
	s.record(1000, "odd name/ü+", "some")
	key := s.checkpoint().Keys[0]
	for _, project := range []string{"", "one", "large", "odd name/ü+", "some"} {
		treeOf(t, s, key, project, 1).fsck(t)
	}
	var recording sync.WaitGroup
	stop := make(chan struct{})
	recording.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				s.record(500, "large", "some")
				s.checkpoint()
			}
		}
	})
	for range 3 {
		treeOf(t, s, key, "", 1).fsck(t)
		treeOf(t, s, key, "some", 1).fsck(t)
		treeOf(t, s, key, "large", 1).fsck(t)
	}
	close(stop)
	recording.Wait()
	mustCall[json.RawMessage](s, "project.delete", `{"project":"some"}`)
	for end := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
		if p := mustCall[struct{ State string }](s, "project.get", `{"project":"some"}`); p.State == "purged" {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the project is %s", p.State)
		}
	}
	s.record(300, "some")
	s.checkpoint()
	treeOf(t, s, key, "some", 2).fsck(t)
	treeOf(t, s, key, "", 1).fsck(t)
}

// TestManyProjects: 3,000 projects, each with a tree.
func TestManyProjects(t *testing.T) {
	s := serve(t, t.TempDir(), "--checkpoint-every", "1h")
	names := make([]string, 3000)
	for i := range names {
		names[i] = fmt.Sprintf("project-%d", i)
	}
	s.record(9000, names...)
	began := time.Now()
	key := s.checkpoint().Keys[0]
	t.Logf("the first checkpoint of 3,000 projects took %v", time.Since(began))
	treeOf(t, s, key, "", 1).fsck(t)
	for range 20 {
		treeOf(t, s, key, names[rand.IntN(len(names))], 1).fsck(t)
	}
}

// TestInclusion: merkle verifies that entries are in the tree, by the proofs that the log gives, and
// by those that tessera makes of the tiles.
func TestInclusion(t *testing.T) {
	s := serve(t, t.TempDir(), "--checkpoint-every", "1h")
	s.record(2000, "acme")
	key := s.checkpoint().Keys[0]
	tr := treeOf(t, s, key, "acme", 1)
	for _, seq := range []int{1, 2, 256, 257, 1024, 2000, 1 + rand.IntN(2000)} {
		id := seq + 1 // the first entry of the log tells of the admin's token
		res := mustCall[struct {
			Entry json.RawMessage
			Salt  []byte
			Proof string
		}](s, "auditLog.get", fmt.Sprintf(`{"project":"acme","id":%d,"proof":true}`, id))
		commitment := sha256.Sum256(append(res.Salt, res.Entry...))
		leaf := rfc6962.DefaultHasher.HashLeaf(commitment[:])
		index, path, signed := parseProof(t, res.Proof)
		c := tr.open(t, signed)
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, leaf, path, c.Hash); err != nil {
			t.Errorf("entry %d: %v", id, err)
		}
		builder, err := client.NewProofBuilder(t.Context(), c.Size, tr.fetcher.ReadTile)
		if err != nil {
			t.Fatal(err)
		}
		path, err = builder.InclusionProof(t.Context(), index)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, leaf, path, c.Hash); err != nil {
			t.Errorf("entry %d, by tiles: %v", id, err)
		}
		leaf[7] ^= 1
		if proof.VerifyInclusion(rfc6962.DefaultHasher, index, c.Size, leaf, path, c.Hash) == nil {
			t.Errorf("entry %d: another is proved", id)
		}
	}
}

// parseProof takes a file of c2sp.org/tlog-proof apart.
func parseProof(t testing.TB, text string) (index uint64, path [][]byte, checkpoint string) {
	t.Helper()
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") {
		t.Fatalf("a proof is %q", text)
	}
	if _, err := fmt.Sscanf(lines[2], "index %d", &index); err != nil {
		t.Fatal(err)
	}
	return index, hashes(t, lines[3:]), checkpoint
}

// TestKill kills a server again and again while it records and signs: of all checkpoints that
// anybody has seen, each is continued by the last one.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var seen []string
	var project []string
	for range 12 {
		s := serve(t, dir, "--checkpoint-every", "1s")
		end := time.Now().Add(time.Duration(50+rand.IntN(700)) * time.Millisecond)
		killed := make(chan struct{})
		go func() {
			time.Sleep(time.Until(end))
			s.cmd.Process.Kill()
			close(killed)
		}()
		for {
			body := `{"project":"acme","actor":{"email":"u@example.com"},"action":"a.b","resource":{"type":"T"},"outcome":"success"}`
			if _, err := call[json.RawMessage](s, "auditLog.record", "application/json", strings.Repeat(body+"\n", 1)); err != nil {
				break
			}
			c, err := call[checkpoint](s, "log.checkpoint", "application/json", `{}`)
			if err != nil {
				break
			}
			seen = append(seen, c.Checkpoint)
			if signed, err := treeOf(t, s, c.Keys[0], "acme", 1).fetcher.ReadCheckpoint(t.Context()); err == nil {
				project = append(project, string(signed))
			}
		}
		<-killed
		s.end(syscall.SIGKILL)
	}
	if len(seen) < 20 {
		t.Fatalf("only %d checkpoints were seen", len(seen))
	}
	s := serve(t, dir, "--checkpoint-every", "1h")
	key := s.checkpoint().Keys[0]
	master := treeOf(t, s, key, "", 1)
	for _, signed := range seen {
		old := master.open(t, signed)
		res := mustCall[checkpoint](s, "log.checkpoint", fmt.Sprintf(`{"old":%d}`, old.Size))
		now := master.open(t, res.Checkpoint)
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, now.Size, hashes(t, res.Proof), old.Hash, now.Hash); err != nil {
			t.Errorf("from %d to %d heads: %v", old.Size, now.Size, err)
		}
	}
	acme := treeOf(t, s, key, "acme", 1)
	signed, err := acme.fetcher.ReadCheckpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := acme.open(t, string(signed))
	builder, err := client.NewProofBuilder(t.Context(), now.Size, acme.fetcher.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	for _, signed := range project {
		old := acme.open(t, signed)
		path, err := builder.ConsistencyProof(t.Context(), old.Size, now.Size)
		if err != nil {
			t.Fatal(err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old.Size, now.Size, path, old.Hash, now.Hash); err != nil {
			t.Errorf("from %d to %d entries: %v", old.Size, now.Size, err)
		}
	}
	acme.fsck(t)
	master.fsck(t)
	t.Logf("%d checkpoints of the log and %d of the project were seen", len(seen), len(project))
}
