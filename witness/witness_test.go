package witness

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"auditlog/proof"
)

const origin = "auditlog/x"

func key(t *testing.T, of string) proof.Key {
	t.Helper()
	k, err := proof.GenerateKey(strings.NewReader(strings.Repeat(of, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// history is a log with as many leaves as it needs.
type history struct {
	t      *testing.T
	key    proof.Key
	leaves proof.Leaves
}

func newHistory(t *testing.T, what string) *history {
	h := &history{t: t, key: key(t, "l")}
	for i := range 20 {
		h.leaves = append(h.leaves, proof.MasterHash(fmt.Append(nil, what, i)))
	}
	return h
}

func (h *history) at(size int64) []byte {
	h.t.Helper()
	root, err := proof.NewTree(size, h.leaves).Root()
	if err != nil {
		h.t.Fatal(err)
	}
	signed, err := proof.Sign(proof.Checkpoint{Origin: origin, Size: size, Root: root}, h.key.Signer(origin))
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

func (h *history) request(old, size int64) []byte {
	h.t.Helper()
	hashes, err := proof.NewTree(size, h.leaves).Consistency(old)
	if err != nil {
		h.t.Fatal(err)
	}
	return Request(old, hashes, h.at(size))
}

func open(t *testing.T, path string) *Witness {
	t.Helper()
	w, err := Open(Options{Path: path, Name: "witness.example.org", Key: key(t, "w"), Logs: map[string][]proof.PublicKey{origin: {key(t, "l").Public()}},
		Now: func() time.Time { return time.Unix(1764302350, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// TestWitness: a witness signs what continues what it has signed, across restarts, and nothing
// else.
func TestWitness(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.json")
	w, h, other := open(t, path), newHistory(t, "a"), newHistory(t, "b")
	for _, step := range [][2]int64{{0, 3}, {3, 3}, {3, 7}, {7, 20}} {
		cosigned, line, err := w.Add(h.request(step[0], step[1]))
		if err != nil {
			t.Fatal(err)
		}
		if sig, ok := w.Public().Cosigned(cosigned); !ok || sig.Time.Unix() != 1764302350 || !bytes.Contains(cosigned, line) {
			t.Errorf("%v: cosigned %q", step, cosigned)
		}
		if !bytes.Equal(w.Newest(origin), cosigned) {
			t.Errorf("the newest is %q", w.Newest(origin))
		}
		w.Close()
		w = open(t, path)
	}
	if _, err := Open(Options{Path: path}); !errors.Is(err, ErrTaken) {
		t.Errorf("of a file that another has open: %v", err)
	}
	foreign := newHistory(t, "a")
	foreign.key = key(t, "f")
	var conflict *ConflictError
	for what, c := range map[string]struct {
		request []byte
		err     error
	}{
		"nothing":                {nil, ErrRequest},
		"no size":                {[]byte("old x\n\n"), ErrRequest},
		"no hash":                {append([]byte("old 3\nabc\n\n"), h.at(7)...), ErrRequest},
		"no checkpoint":          {[]byte("old 3\n\n"), ErrRequest},
		"backwards":              {Request(20, nil, h.at(7)), ErrRequest},
		"another key":            {foreign.request(20, 20), ErrSignature},
		"another log":            {bytes.ReplaceAll(h.request(20, 20), []byte(origin), []byte("auditlog/y")), ErrUnknown},
		"a checkpoint unsigned":  {Request(20, nil, bytes.Replace(h.at(20), []byte("\n20\n"), []byte("\n21\n"), 1)), ErrSignature},
		"an older one":           {h.request(7, 20), &ConflictError{}},
		"from the beginning":     {h.request(0, 20), &ConflictError{}},
		"another of the size":    {other.request(20, 20), &ConflictError{}},
		"another from some size": {other.request(7, 20), &ConflictError{}},
	} {
		_, _, err := w.Add(c.request)
		if want := errors.As(c.err, &conflict); err == nil || want != errors.As(err, &conflict) || !want && !errors.Is(err, c.err) {
			t.Errorf("%s: %v", what, err)
		}
	}
	young := open(t, filepath.Join(t.TempDir(), "witness.json"))
	if _, _, err := young.Add(h.request(0, 7)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := young.Add(other.request(7, 20)); !errors.Is(err, ErrProof) {
		t.Errorf("another history: %v", err)
	}
}

// TestClient has a witness asked over HTTP, by one who does not know where it is.
func TestClient(t *testing.T) {
	w, h, other := open(t, filepath.Join(t.TempDir(), "witness.json")), newHistory(t, "a"), newHistory(t, "b")
	srv := httptest.NewServer(w.Handler())
	defer srv.Close()
	ask := func(h *history, c *Client, size int64) error {
		lines, err := c.Cosign(t.Context(), h.at(size), proof.NewTree(size, h.leaves).Consistency)
		if err == nil {
			_, err = proof.AddCosignatures(h.at(size), lines, []proof.Witness{w.Public()})
		}
		return err
	}
	c := &Client{URL: srv.URL + "/", Witness: w.Public()}
	for _, size := range []int64{1, 5, 5, 6} {
		if err := ask(h, c, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(h, &Client{URL: srv.URL, Witness: w.Public()}, 13); err != nil {
		t.Errorf("a client that was started anew: %v", err)
	}
	if err := ask(other, &Client{URL: srv.URL, Witness: w.Public()}, 13); err == nil || !strings.Contains(err.Error(), "another history") {
		t.Errorf("another history: %v", err)
	}
	c = &Client{URL: srv.URL, Witness: w.Public(), old: 1 << 62} // as a witness said that was wrong once
	if err := ask(h, c, 13); err == nil {
		t.Error("a checkpoint continues one that is larger")
	}
	if err := ask(h, c, 13); err != nil {
		t.Errorf("after a witness said a wrong size once: %v", err)
	}
	if err := ask(h, &Client{URL: srv.URL, Witness: w.Public()}, 4); err == nil {
		t.Error("a log that went back is signed for")
	}
	for path, want := range map[string]int{"/9f1a/checkpoint": 404, "/add-checkpoint": 405} {
		res, err := http.Get(srv.URL + path)
		if err != nil || res.StatusCode != want {
			t.Errorf("%s: %v, %v", path, res.Status, err)
		}
		res.Body.Close()
	}
}

// TestSpoiledFile: what is no record of what was signed is not taken for that of a new witness.
func TestSpoiledFile(t *testing.T) {
	for _, content := range []string{"", "null", "[]", `{"x":null}`, `{"x":{}}`, `{"x":{"checkpoint":"y\n1\nAAAA\n"}}`} {
		path := filepath.Join(t.TempDir(), "witness.json")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Path: path}); err == nil {
			t.Errorf("%q was read", content)
		}
	}
}
