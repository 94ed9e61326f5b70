package api

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"auditlog/admit"
	"auditlog/audit"
	"auditlog/rpc"
)

// largeEntries records entries of 60 KB.
func (f *fixture) largeEntries(n int) {
	f.t.Helper()
	for i := range n {
		f.ok(rpc.Record, added(fmt.Sprintf(`"detail":%q,"createdAt":%q`, strings.Repeat("x", 60<<10),
			testNow.Add(-time.Duration(i)*time.Second).Format(time.RFC3339))), nil)
	}
}

// A page ends at 4 MiB, and the next goes on.
func TestPageEndsAtFourMebibytes(t *testing.T) {
	f := start(t, Options{})
	const n = 150
	f.largeEntries(n)
	seen, pages := make(map[int64]bool), 0
	for cursor := ""; ; pages++ {
		_, answer := f.post(rpc.List, fmt.Sprintf(`{"project":"acme","limit":1000,"cursor":%q}`, cursor))
		if len(answer) > audit.MaxPageBytes+4<<10 {
			t.Errorf("a page has %d bytes", len(answer))
		}
		var got struct{ Result rpc.ListResult }
		if err := json.Unmarshal([]byte(answer), &got); err != nil {
			t.Fatal(err)
		}
		for _, e := range got.Result.Items {
			seen[e.ID] = true
		}
		if cursor = got.Result.NextCursor; cursor == "" {
			break
		}
	}
	if len(seen) != n || pages != 2 {
		t.Errorf("%d entries are on %d pages, want %d on 3", len(seen), pages+1, n)
	}
}

// A long page is sent in pieces, compressed for whoever asks for it from afar.
func TestLongPageCompressed(t *testing.T) {
	f := startGuarded(t) // development mode answers no proxy
	admin := "Bearer " + f.root
	f.fill(1000, 10, "Authorization", admin)
	plain, want := f.post(rpc.List, `{"project":"acme","limit":1000}`, "Authorization", admin)
	if plain.ContentLength >= 0 {
		t.Error("a page of 300 KB is sent in one piece")
	}
	_, zipped := f.post(rpc.List, `{"project":"acme","limit":1000}`, "Authorization", admin, "Accept-Encoding", "gzip", "Via", "1.1 proxy")
	z, err := gzip.NewReader(strings.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(z); err != nil || string(got) != want {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(want))
	}
}

// Clients of deploys.app have no cursor: bytes do not cut their pages, which are let in by
// weight.
func TestDeploysPageIsWeighed(t *testing.T) {
	door := admit.New(admit.Options{Memory: 16 << 20})
	f := start(t, Options{Door: door})
	f.largeEntries(100)
	if items := f.deploysList(t, `{"project":"acme","limit":60}`); len(items) != 60 {
		t.Errorf("%d entries are listed, want 60", len(items))
	}
	res, answer := f.post(rpc.List, `{"project":"acme","limit":100}`, "X-Deploys-Channel", "cli")
	if res.StatusCode != http.StatusOK && !strings.Contains(answer, `"ok":true`) {
		t.Errorf("answered %s %.200s", res.Status, answer)
	}
	other, err := door.Enter(t.Context(), admit.Record, "somebody else")
	if err != nil || other.Take(t.Context(), 6<<20) != nil {
		t.Fatal(err)
	}
	defer other.Leave()
	if _, answer = f.post(rpc.List, `{"project":"acme","limit":100}`, "X-Deploys-Channel", "cli"); !strings.Contains(answer, "no memory") &&
		!strings.Contains(answer, "not the memory") {
		t.Errorf("without memory, answered %.200s", answer)
	}
	if res, _ := f.post(rpc.List, `{"project":"acme","limit":1000}`); res.StatusCode != http.StatusServiceUnavailable ||
		res.Header.Get("Retry-After") == "" {
		t.Errorf("without memory, answered %s", res.Status)
	}
	if res, _ := f.post(rpc.Record, deployEntry); res.StatusCode != http.StatusOK {
		t.Errorf("where reads are refused, a record is answered %s", res.Status)
	}
}

// What clients that do not read hold is bounded, and others find room.
func TestUnreadAnswers(t *testing.T) {
	door := admit.New(admit.Options{Memory: 24 << 20, Patience: time.Millisecond})
	f := start(t, Options{Door: door})
	f.largeEntries(100)
	refused := 0
	for range 12 {
		// The header is read, and no more.
		res, err := http.Post(f.url+"/"+rpc.List, rpc.TypeJSON, strings.NewReader(`{"project":"acme","limit":1000}`))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable {
			refused++
		}
		if used := door.State().Used; used > 12<<20 {
			t.Fatalf("reads hold %d MiB of 24", used>>20)
		}
	}
	t.Logf("%d of 12 were refused", refused)
	if res, _ := f.post(rpc.Record, deployEntry); res.StatusCode != http.StatusOK {
		t.Errorf("a record is answered %s", res.Status)
	}
}

// The most frequent values alone are told, as many as are asked for.
func TestTopOfStats(t *testing.T) {
	f := start(t, Options{})
	var batch []string
	for i := range 200 {
		batch = append(batch, strings.Replace(deployEntry, "ada@", fmt.Sprintf("ada%d@", i%150), 1))
	}
	f.ok(rpc.Record, batchOf(batch...), nil)
	for asked, want := range map[string]int{"": audit.DefaultTop, `,"top":1`: 1, `,"top":1000`: 150} {
		var st rpc.StatsResult
		f.ok(rpc.Stats, `{"project":"acme"`+asked+`}`, &st)
		told := int64(0)
		for _, v := range st.Actors.Top {
			told += v.Count
		}
		if len(st.Actors.Top) != want || st.Actors.Others != int64(150-want) || st.Actors.OtherEntries != 200-told || st.Actors.Top[0].Count != 2 {
			t.Errorf("top%s: %d values, others %d, %d entries", asked, len(st.Actors.Top), st.Actors.Others, st.Actors.OtherEntries)
		}
	}
	if e := f.bad(http.StatusBadRequest, rpc.Stats, `{"project":"acme","top":1001}`); e.Error.Path != "top" {
		t.Errorf("answered %+v", e.Error)
	}
}
