package notary

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"auditlog/audit"
	"auditlog/proof"
	"auditlog/proof/evidence"
)

// TestForgedPages: what people see of a file is what was verified in it, or verify says so.
func TestForgedPages(t *testing.T) {
	b := open(t)
	b.record("acme", 30)
	page := string(asPage(t, b.evidence(audit.Query{Project: "acme"})))
	other := string(asPage(t, b.evidence(audit.Query{Project: "acme", Is: audit.Terms{"actor": {"u2@example.com"}}})))
	const begins = "<script type=\"application/x-ndjson\" id=\"bundle\">\n"
	_, inner, _ := strings.Cut(other, begins)
	inner, _, _ = strings.Cut(inner, "</script>")
	for name, forged := range map[string]string{
		"it is":                    page,
		"another script":           strings.Replace(page, "Verified. These entries", "Verified! These entries", 1),
		"more behind it":           page + "<p>more",
		"a bundle before it":       strings.Replace(page, "<h1>", "<script id=bundle type=x>\n"+inner+"</script><h1>", 1),
		"a script in it":           strings.Replace(page, "\n</script>", "\n<!-- -->\n</script>", 1),
		"a space where none was":   strings.Replace(page, "<dl id", "<dl  id", 1),
		"cut off behind it":        page[:strings.Index(page, "\n</script>\n")+len("\n</script>\n")],
		"another page's beginning": "<!doctype html>\n" + begins + inner + "</script>\n",
	} {
		r := strings.NewReader(forged)
		as, err := evidence.AsWritten(r, r.Size())
		if err != nil || as != (name == "it is") {
			t.Errorf("%s: %v, %v", name, as, err)
		}
	}
}

// TestForgedZips: the parts of a zip are those of its evidence.
func TestForgedZips(t *testing.T) {
	b := open(t)
	b.record("acme", 30)
	var whole bytes.Buffer
	b.must(evidence.WriteZip(&whole, bytes.NewReader(b.evidence(audit.Query{Project: "acme", Is: audit.Terms{"actor": {"u2@example.com"}}}))))
	type file struct{ name, text string }
	var files []file
	z := must(zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len())))
	for _, f := range z.File {
		files = append(files, file{f.Name, string(must(io.ReadAll(must(f.Open()))))})
	}
	try := func(what string, files []file, holds bool) {
		t.Helper()
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, f := range files {
			must(io.WriteString(must(w.Create(f.name)), f.text))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.AsWritten(bytes.NewReader(b.Bytes()), int64(b.Len())); (err == nil) != holds || err != nil && !errors.Is(err, evidence.ErrBad) {
			t.Errorf("%s: %v", what, err)
		}
	}
	try("as it is", files, true)
	for i, f := range files {
		isReadme := f.name == "README.txt"
		changed := append([]file{}, files...)
		changed[i].text = strings.Replace(f.text, "e", "f", 1) + strings.Repeat(" ", 1-min(1, strings.Count(f.text, "e")))
		try(f.name+" changed", changed, isReadme)
		changed[i].text = f.text + "more\n"
		try(f.name+" longer", changed, isReadme)
		changed[i].text = f.text[:len(f.text)-1]
		try(f.name+" shorter", changed, isReadme)
		try(f.name+" gone", append(append([]file{}, files[:i]...), files[i+1:]...), false)
		try(f.name+" twice", append(append([]file{}, files...), f), false)
	}
	try("more", append(append([]file{}, files...), file{"proofs/99.tlog-proof", "x"}), false)
}

// TestTwoReadings: no header means one thing to this program and another to a browser.
func TestTwoReadings(t *testing.T) {
	b := open(t)
	b.record("acme", 3)
	bundle := string(b.evidence(audit.Query{Project: "acme"}))
	if _, _, err := verify([]byte(bundle), evidence.Policy{}); err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(bundle, "\n")
	var h map[string]json.RawMessage
	b.must(json.Unmarshal([]byte(header), &h))
	for name, change := range map[string]func(string) string{
		"a member twice":        func(s string) string { return strings.Replace(s, `"entries":3`, `"entries":4,"entries":3`, 1) },
		"its name otherwise":    func(s string) string { return strings.Replace(s, `"entries":3`, `"Entries":3`, 1) },
		"both":                  func(s string) string { return strings.Replace(s, `"entries":3`, `"entries":4,"ENTRIES":3`, 1) },
		"one that is unknown":   func(s string) string { return strings.Replace(s, `"entries":3`, `"entries":3,"note":"x"`, 1) },
		"a space":               func(s string) string { return strings.Replace(s, `"entries":3`, `"entries": 3`, 1) },
		"a number otherwise":    func(s string) string { return strings.Replace(s, `"entries":3`, `"entries":3.0`, 1) },
		"a letter otherwise":    func(s string) string { return strings.Replace(s, `"project":"acme"`, `"project":"\u0061cme"`, 1) },
		"a slash otherwise":     func(s string) string { return strings.Replace(s, `"auditlog/`, `"auditlog\/`, 1) },
		"more behind it":        func(s string) string { return s + "{}" },
		"null where a list was": func(s string) string { return strings.Replace(s, `"headProof":`, `"headproof":null,"headProof":`, 1) },
		"base64 otherwise":      func(s string) string { return strings.Replace(s, `=","master`, `","master`, 1) },
		"a carriage return":     func(s string) string { return s + "\r" },
	} {
		changed := change(header)
		if changed == header && name != "base64 otherwise" {
			t.Fatalf("%s: nothing is changed", name)
		}
		if _, _, err := verify([]byte(strings.Replace(bundle, header, changed, 1)), evidence.Policy{}); changed != header && !errors.Is(err, evidence.ErrBad) {
			t.Errorf("%s: holds: %v", name, err)
		}
	}
}

// TestSpoiledKeys: the keys that a header names are keys, also where others are believed.
func TestSpoiledKeys(t *testing.T) {
	b := open(t)
	b.record("acme", 3)
	bundle := string(b.evidence(audit.Query{Project: "acme"}))
	p := evidence.Policy{Keys: []proof.PublicKey{b.key.Public()}}
	if _, _, err := verify([]byte(bundle), p); err != nil {
		t.Fatal(err)
	}
	at := strings.Index(bundle, `"keys":["`) + len(`"keys":["`)
	for i := range strings.IndexByte(bundle[at:], '"') {
		changed := []byte(bundle)
		changed[at+i] ^= 1
		if _, _, err := verify(changed, p); !errors.Is(err, evidence.ErrBad) {
			t.Errorf("%q holds: %v", changed[at:at+i+1], err)
		}
	}
}

// TestForgedCosignatures: only who is named counts, each once, for what he has signed.
func TestForgedCosignatures(t *testing.T) {
	b := open(t)
	b.record("acme", 3)
	b.head()
	key := must(proof.GenerateKey(rand.NewChaCha8([32]byte{7})))
	mallory := must(proof.GenerateKey(rand.NewChaCha8([32]byte{8})))
	w := proof.Witness{Name: "witness.example.org", Key: key.Public()}
	bundle := b.evidence(audit.Query{Project: "acme"})
	res, _, err := verify(bundle, evidence.Policy{})
	b.must(err)
	at := time.Unix(1_800_000_000, 0)
	cosign := func(c proof.Checkpoint, k proof.Key, name string) string {
		note := string(must(proof.Sign(c, k.Cosigner(name, at))))
		_, line, _ := strings.Cut(note, "\n\n")
		return line
	}
	quote := func(s string) string { return strings.Trim(string(must(json.Marshal(s))), `"`) }
	with := func(lines string) []byte {
		master := res.Header.Master
		return []byte(strings.Replace(string(bundle), `"master":"`+quote(master), `"master":"`+quote(master+lines), 1))
	}
	good := cosign(res.Master, key, w.Name)
	earlier := res.Master
	earlier.Size--
	another := res.Master
	another.Origin += "x"
	for name, c := range map[string]struct {
		lines string
		holds bool
	}{
		"the witness":               {good, true},
		"nobody":                    {"", false},
		"somebody under his name":   {cosign(res.Master, mallory, w.Name), false},
		"him of another size":       {cosign(earlier, key, w.Name), false},
		"him of another log":        {cosign(another, key, w.Name), false},
		"him as a log":              {strings.SplitN(string(must(proof.Sign(res.Master, key.Signer(w.Name)))), "\n\n", 2)[1], false},
		"him, under another's name": {strings.Replace(good, w.Name, "witness.example.com", 1), false},
		"him cut short":             {good[:len(good)-5] + "\n", false},
	} {
		p := evidence.Policy{Witnesses: []proof.Witness{w}, Quorum: 1}
		if _, _, err := verify(with(c.lines), p); (err == nil) != c.holds {
			t.Errorf("signed by %s: %v", name, err)
		}
	}
	// He signs twice, and is one.
	p := evidence.Policy{Witnesses: []proof.Witness{w, {Name: "other", Key: mallory.Public()}}, Quorum: 2}
	if _, _, err := verify(with(good+cosign(res.Master, key, w.Name)), p); err == nil {
		t.Error("one witness counts as two")
	}
}

// TestRotation: who trusts a key trusts those that follow it, as far as both have signed that.
func TestRotation(t *testing.T) {
	b := open(t)
	b.record("acme", 3)
	b.head()
	kept := must(b.n.Checkpoint())
	first := b.key
	for i := range 2 {
		next := must(proof.GenerateKey(rand.NewChaCha8([32]byte{byte(20 + i)})))
		b.must(b.n.Rotate(t.Context(), next, b.Store, audit.Actor{Email: "ops@example.com"}))
		b.key = next
		b.again()
	}
	b.record("acme", 3)
	var w bytes.Buffer
	sel := must(b.Prepare(audit.Query{Project: "acme"}))
	b.must(b.n.Evidence(t.Context(), &w, sel, Request{Since: 1}))
	p := evidence.Policy{Keys: []proof.PublicKey{first.Public()}, Older: kept}
	res, _, err := verify(w.Bytes(), p)
	if err != nil || res.Key != b.key.Public() || !res.KeyTrusted {
		t.Fatalf("%v, %+v", err, res)
	}
	for i := range res.Header.Rotations {
		for name, change := range map[string]func(r *proof.Rotation){
			"the old key's signature": func(r *proof.Rotation) { r.FromSignature[3] ^= 1 },
			"the new key's signature": func(r *proof.Rotation) { r.ToSignature[3] ^= 1 },
			"the old key":             func(r *proof.Rotation) { r.From[3] ^= 1 },
			"the new key":             func(r *proof.Rotation) { r.To[3] ^= 1 },
		} {
			h := res.Header
			h.Rotations = append([]proof.Rotation{}, h.Rotations...)
			r := &h.Rotations[i]
			r.FromSignature, r.ToSignature = bytes.Clone(r.FromSignature), bytes.Clone(r.ToSignature)
			change(r)
			_, rest, _ := bytes.Cut(w.Bytes(), []byte("\n"))
			changed := append(append(must(json.Marshal(h)), '\n'), rest...)
			if _, _, err := verify(changed, p); !errors.Is(err, evidence.ErrBad) {
				t.Errorf("rotation %d: %s is changed: %v", i, name, err)
			}
		}
	}
	b.check()
}
