package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"auditlog/audit"
)

func scanned(i int) *audit.Entry {
	at := time.Date(2026, 5, 4, 8, 15, 30, i*1000, time.UTC)
	return &audit.Entry{
		ID: int64(1000 + i), Project: "acme", Actor: audit.Actor{Email: fmt.Sprintf("user-%d@example.com", i%50), Type: audit.User},
		Action: "deployment.deploy", Resource: audit.Resource{Type: "Deployment", ID: fmt.Sprint(4000 + i%500), Name: "web", LocationID: "gke.cluster-rcf2"},
		Outcome: audit.Success, Detail: fmt.Sprintf("Deployed \"revision %d\"\n\tof <web> ü\u2028", i), Channel: audit.ChannelCLI,
		Request: audit.Request{IP: "203.0.113.9"}, CreatedAt: at, RecordedAt: at.Add(time.Millisecond),
	}
}

func page(n int) []byte {
	b := []byte(`{"ok":true,"result":{"items":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = scanned(i).AppendJSON(b)
	}
	return append(b, `],"nextCursor":"abc_-"}}`+"\n"...)
}

// What the log itself writes is read without falling back.
func TestScannerAnswers(t *testing.T) {
	var s Scanner
	var list ListResult
	if !s.Answer(page(3), &list) || len(list.Items) != 3 || list.NextCursor != "abc_-" || !reflect.DeepEqual(list.Items[2], scanned(2)) {
		t.Errorf("read %+v", list)
	}
	if !s.Answer([]byte(`{"ok":true,"result":{"items":[]}}`), &list) || list.Items == nil || len(list.Items) != 0 || list.NextCursor != "" {
		t.Errorf("read %+v", list)
	}
	var part, wantPart PullResult
	wantPart = PullResult{Items: []*audit.Entry{scanned(1)}, NextCursor: "abc", Covered: audit.Range{From: 1, To: 9},
		Skipped: []audit.Range{{From: 1, To: 3}, {From: 5, To: 5}}, Purged: []audit.Range{{From: 6, To: 7}}, Damaged: []audit.Range{{From: 8, To: 8}}, Lost: []audit.Range{{From: 9, To: 9}}, Newest: 12}
	written, err := json.Marshal(Answer[PullResult]{OK: true, Result: &wantPart})
	if err != nil || !s.Answer(written, &part) || !reflect.DeepEqual(part, wantPart) {
		t.Errorf("read %+v, %v", part, err)
	}
	var e *audit.Entry
	if !s.Answer(append(scanned(7).AppendJSON([]byte(`{"ok":true,"result":`)), '}'), &e) || !reflect.DeepEqual(e, scanned(7)) {
		t.Errorf("read %+v", e)
	}
	var r RecordResult
	want := RecordResult{Recorded: 1, Duplicates: 1, Skipped: 1, FirstID: 9, LastID: 9,
		Entries: []Recorded{{ID: 9}, {ID: 3, Duplicate: true}, {Skipped: true}}}
	b, err := json.Marshal(Answer[RecordResult]{OK: true, Result: &want})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Answer(b, &r) || !reflect.DeepEqual(r, want) {
		t.Errorf("read %+v", r)
	}
}

// compare checks what a scanner has read against package json.
func compare[T any](t *testing.T, s *Scanner, b []byte) {
	t.Helper()
	var got T
	if !s.Answer(b, &got) {
		return
	}
	var want Answer[T]
	if err := json.Unmarshal(b, &want); err != nil || !want.OK || want.Result == nil || want.Error != nil || !reflect.DeepEqual(got, *want.Result) {
		t.Fatalf("%q is read as %+v, and by package json as %+v, %v", b, got, want.Result, err)
	}
}

func FuzzScannerAnswer(f *testing.F) {
	f.Add(page(2))
	f.Add(append(scanned(7).AppendJSON([]byte(`{"ok":true,"result":`)), '}'))
	f.Add(usualPage(2))
	for _, at := range []string{"2026-02-28T23:59:59.999999Z", "2026-02-30T08:15:30.123456Z", "0000-02-29T00:00:00.000000Z", "2026-13-01T08:15:30.123456Z",
		"2026-05-04T24:00:00.000000Z", "2026-05-04T08:15:60.000000Z", "2026-05-04T08:15:30.12345xZ", "2026-05-04T08:15:30.1234567Z"} {
		f.Add([]byte(`{"ok":true,"result":{"items":[{"id":1,"recordedAt":"` + at + `"}]}}`))
	}
	for _, b := range []string{
		`{"ok":true,"result":{"recorded":2,"duplicates":0,"skipped":1,"firstId":9,"lastId":10,"entries":[{"id":9},{"id":3,"duplicate":true},{"skipped":true}]}}`,
		`{"ok":true,"result":{"items":[],"nextCursor":"A","covered":{"from":1,"to":7},"skipped":[{"from":1,"to":7},{}],"purged":[],"newest":-1}}`,
		`{"ok":true,"result":{"items":null}}`, `{"result":{"items":[]},"ok":true}`, `{"ok":true,"result":{"items":[]},"ok":true}`, `{"ok":false,"error":{"code":"x"}}`,
		`{"ok":true,"result":{"items":[{"detail":"\ud83d\ude00\u00e9\/\b","metadata":{"a":"1","a":"2"}}]}}`, `{"ok":true,"result":{"recorded":01}}`,
		`{"ok":true,"result":{"recorded":1e3}}`, `{"ok": true , "result": { "items": [ {"id": 1 , "recordedAt":"2026-05-04T08:15:30Z"} ] } } `, "{\"ok\":\x00true}",
		`{"ok":true,"result":{"items":[{"detail":"\ud83d"}]}}`, `{"ok":true,"result":{"items":[{"detail":"\u12"}]}}`, `{"ok":true,"result":{"Items":[{}]}}`,
	} {
		f.Add([]byte(b))
	}
	var s Scanner
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		compare[ListResult](t, &s, b)
		compare[PullResult](t, &s, b)
		compare[RecordResult](t, &s, b)
		compare[*audit.Entry](t, &s, b)
		if !bytes.Equal(b, before) {
			t.Fatal("the body was changed")
		}
	})
}

// usualPage is a page without anything that needs an escape.
func usualPage(n int) []byte {
	b := []byte(`{"ok":true,"result":{"items":[`)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		e := scanned(i)
		e.Detail = fmt.Sprintf("Deployed revision %d of image registry.example.com/web", i)
		e.Request.UserAgent, e.Request.ID = "deploys/1.4", fmt.Sprintf("0b7c%020d", i)
		b = e.AppendJSON(b)
	}
	return append(b, "]}}\n"...)
}

func BenchmarkScannerAnswer(b *testing.B) {
	body := page(50)
	for name, body := range map[string][]byte{"usual": usualPage(50), "scan": body} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			var s Scanner
			for b.Loop() {
				var list ListResult
				if !s.Answer(body, &list) {
					b.Fatal("not read")
				}
			}
		})
	}
	b.Run("json", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var a Answer[ListResult]
			if err := json.Unmarshal(body, &a); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// A field that the scanner does not know would have whole requests read the slow way.
func TestScannerKnowsEveryField(t *testing.T) {
	var s Scanner
	for _, f := range audit.Fields() {
		e := scanned(0)
		if *f.Of(e) = "some value"; f.Values != nil {
			*f.Of(e) = f.Values[len(f.Values)-1]
		}
		var list ListResult
		answer := append(e.AppendJSON([]byte(`{"ok":true,"result":{"items":[`)), `]}}`+"\n"...)
		if !s.Answer(answer, &list) || len(list.Items) != 1 || !reflect.DeepEqual(list.Items[0], e) {
			t.Errorf("%s: an answer is not read fast, or wrong: %s", f.Path, answer)
		}
		if f.Given {
			continue
		}
		sent := e.AppendInput(nil)
		if got, ok := s.One(sent); !ok || *f.Of(got) != *f.Of(e) {
			t.Errorf("%s: %s is not read fast, or wrong", f.Path, sent)
		}
	}
}
