package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"auditlog/audit"
	"auditlog/backup"
	"auditlog/backup/s3"
	"auditlog/store/kv"
	"auditlog/store/kv/boltkv"
)

// bucket returns the address of a bucket of a server of objects, to which requests are made
// as fail allows.
func bucket(t *testing.T, fail *atomic.Bool) string {
	t.Helper()
	memory := s3mem.New()
	if err := memory.CreateBucket("backups"); err != nil {
		t.Fatal(err)
	}
	objects := gofakes3.New(memory).Server()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/") {
			t.Errorf("%s %s is not signed: %q", r.Method, r.URL, r.Header.Get("Authorization"))
		}
		if fail != nil && fail.Load() {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		objects.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	return "s3://backups/of/acme?region=us-east-1&endpoint=" + srv.URL
}

func TestObjects(t *testing.T) {
	var fail atomic.Bool
	address := bucket(t, &fail)
	b, err := s3.Open(address, s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != "s3://backups/of/acme/" {
		t.Errorf("it is called %q", got)
	}
	if _, err := b.Get(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is not there: %v", err)
	}
	for _, name := range []string{"parts/ab/abcd", "parts/cd/cdef", "snapshots/1.json"} {
		if err := b.Put(t.Context(), name, []byte("it is "+name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := b.Get(t.Context(), "parts/cd/cdef"); err != nil || string(got) != "it is parts/cd/cdef" {
		t.Errorf("read %q, %v", got, err)
	}
	files, err := b.List(t.Context(), "parts/")
	if err != nil || len(files) != 2 || files[0].Name != "parts/ab/abcd" || files[0].Size != 19 || files[0].Modified.IsZero() {
		t.Errorf("listed %+v, %v", files, err)
	}
	if err := b.Delete(t.Context(), "parts/ab/abcd"); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), "parts/ab/abcd"); err != nil {
		t.Errorf("removed again: %v", err)
	}
	if files, err := b.List(t.Context(), ""); err != nil || len(files) != 2 {
		t.Errorf("listed %+v, %v", files, err)
	}
	fail.Store(true)
	if err := b.Put(t.Context(), "parts/ab/abcd", nil); err == nil {
		t.Error("what was refused was written")
	}
	if _, err := b.List(t.Context(), ""); err == nil {
		t.Error("what was refused was listed")
	}
	if _, err := b.Get(t.Context(), "snapshots/1.json"); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was refused was read: %v", err)
	}
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"s3://", "s3:///prefix", "s3://key:secret@bucket/", "s3://bucket/?endpoint=ftp://x", "s3://bucket/?endpoint=https://x/y", "s3://bucket/?acl=public",
	} {
		_, err := s3.Open(address, s3.Options{})
		if audit.KindOf(err) != audit.Invalid || strings.Contains(err.Error(), "secret@") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A context that ended ends what is under way.
func TestEnds(t *testing.T) {
	b, err := s3.Open(bucket(t, nil), s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Put(ctx, "x", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if _, err := b.List(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("listed: %v", err)
	}
}

// A bucket holds a repository as a folder does: what is written there is read back, shared,
// restored and pruned.
func TestRepository(t *testing.T) {
	b, err := s3.Open(bucket(t, nil), s3.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := boltkv.Open(filepath.Join(t.TempDir(), "x.db"), boltkv.Options{
		Init: func(tx kv.Tx) error { return tx.CreateBucket("rows") },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	put := func(from, to int) {
		err := db.Update(func(tx kv.Tx) error {
			for i := from; i < to; i++ {
				if err := tx.Bucket("rows").Put(fmt.Appendf(nil, "%08d", i), bytes.Repeat([]byte{byte(i)}, 1000)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	take := func() *backup.Taken {
		d, err := backup.NewDeposit(t.Context(), b, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		made, err := backup.Take(t.Context(), db, d, backup.Options{
			Buckets: []string{"rows"}, Log: "one", Has: d.Has,
			Describe: func(kv.Tx) (backup.Contents, error) { return backup.Contents{}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	put(0, 3000)
	first := take()
	put(3000, 3010)
	if second := take(); first.NewParts < 10 || second.NewParts > 3 {
		t.Errorf("%d parts, then %d more", first.NewParts, second.NewParts)
	}
	if _, err := backup.Prune(t.Context(), b, 1, time.Now()); err != nil {
		t.Fatal(err)
	}
	s, err := backup.Find(t.Context(), b, "")
	if err != nil {
		t.Fatal(err)
	}
	held, err := backup.Open(t.Context(), b, s, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := held.Check(func(err error) { t.Error(err) }); err != nil {
		t.Error(err)
	}
	if err := backup.Compare(t.Context(), db, held.Index); err != nil {
		t.Error(err)
	}
}
