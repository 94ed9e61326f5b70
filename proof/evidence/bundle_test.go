package evidence

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"auditlog/audit"
	"auditlog/proof"
)

// FuzzLine: what is taken apart is put together to the same bytes: a line has one form.
func FuzzLine(f *testing.F) {
	for _, l := range []Line{
		{Entry: []byte(`{"id":1}`)},
		{Salt: proof.Salt{1, 2}, Proof: Hashes{}, Entry: []byte(`{"a":"}"}`)},
		{Proof: Hashes{{1}, {2}}, Before: Hashes{{3}}, Entry: []byte(`x`)},
	} {
		var b bytes.Buffer
		if err := (&Writer{w: &b}).Write(&l); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	}
	f.Add([]byte(`{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","proof":null,"entry":{}}`))
	f.Add([]byte(`{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","before":["","proof":[],"entry":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLine(text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := (&Writer{w: &b}).Write(&l); err != nil || b.String() != string(text)+"\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
	})
}

// FuzzHeader: a header has one form, too.
func FuzzHeader(f *testing.F) {
	prefix := Hashes{}
	var b bytes.Buffer
	_, err := NewWriter(&b, &Header{
		Project: "a <b>", Base: 1, Query: []byte(`{"q":"<"}`), Prefix: &prefix, Older: &Older{Size: 3, Proof: Hashes{{9}}},
		Anchor: Anchor{Keys: []string{"k"}, Rotations: []proof.Rotation{{}}, HeadProof: Hashes{{1}}, Cosigned: "x"},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	f.Fuzz(func(t *testing.T, text []byte) {
		h, err := parseHeader(text)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if _, err := NewWriter(&b, h); err != nil || b.String() != string(text)+"\n" {
			t.Errorf("%q, %v", b.String(), err)
		}
	})
}

// FuzzFile: no file makes a reader fail otherwise than by an error.
func FuzzFile(f *testing.F) {
	bundle := "{}\n"
	var page, parts bytes.Buffer
	if err := WriteHTML(&page, strings.NewReader(bundle)); err != nil {
		f.Fatal(err)
	}
	_ = WriteZip(&parts, strings.NewReader(bundle)) // which holds the bundle at least
	f.Add(page.Bytes())
	f.Add(parts.Bytes())
	f.Add([]byte("PK"))
	f.Add([]byte("<!DOCTYPE HTML>\n" + bundleBegins + "\t\n"))
	f.Fuzz(func(_ *testing.T, file []byte) {
		at := bytes.NewReader(file)
		_, _ = AsWritten(at, at.Size())
		r, err := Open(at, at.Size())
		if err != nil {
			return
		}
		_, _ = Verify(io.LimitReader(r, 1<<20), &Policy{}, func(*audit.Entry) error { return nil })
	})
}
