package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"auditlog/rpc"
)

// TestShapesOfBodies sends entries in each way that programs write several of them.
func TestShapesOfBodies(t *testing.T) {
	f := start(t, Options{})
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(deployEntry)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	two := deployEntry + "\n" + deployEntry + "\n"
	for _, tt := range []struct {
		contentType, encoding, body string
		recorded                    string
	}{
		{"application/json", "", "[" + deployEntry + "," + deployEntry + "]", `"recorded":2`},
		{"application/json", "", " [ ] ", `"recorded":0`},
		{"application/json", "", two, `"recorded":2`},
		{"", "", deployEntry + deployEntry, `"recorded":2`},
		{"application/json; charset=utf-8", "", "\ufeff" + deployEntry, `"recorded":1`},
		{"application/x-ndjson", "", "\ufeff" + two, `"recorded":2`},
		{"application/ndjson", "", two, `"recorded":2`},
		{"application/jsonl; charset=utf-8", "", two, `"recorded":2`},
		{"Application/X-JSONLines", "", two, `"recorded":2`},
		{"application/json", "GZIP", zipped.String(), `"recorded":1`},
		{"application/json", " X-Gzip ", zipped.String(), `"recorded":1`},
		{"application/json", "Identity", deployEntry, `"recorded":1`},
		{"application/json", "", "[" + deployEntry + `,{"project":"acme"}]`, `entries[1].actor.email: is required`},
		{"application/json", "", deployEntry + "\n" + `{"projekt":"acme"}`, `entries[1].projekt: unknown field`},
		{"application/json", "", deployEntry + "\n{", `entries[1]`},
		{"application/json", "", "[" + deployEntry + "]x", `is not valid JSON`},
		{"application/json", "", `[["x"]]`, `entries[0]: must be an object`},
		{"application/json", "", deployEntry + `[` + deployEntry + `]`, `is not valid JSON`},
		{"application/json", "br", deployEntry, `Content-Encoding: must be gzip or identity`},
	} {
		r := httptest.NewRequest(http.MethodPost, "/"+rpc.Record, strings.NewReader(tt.body))
		r.Host, r.RemoteAddr = "127.0.0.1", "127.0.0.1:1"
		if tt.contentType != "" {
			r.Header.Set("Content-Type", tt.contentType)
		}
		if tt.encoding != "" {
			r.Header.Set("Content-Encoding", tt.encoding)
		}
		w := httptest.NewRecorder()
		f.api.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), tt.recorded) {
			t.Errorf("%q %q %.60q: %d %s, want %s", tt.contentType, tt.encoding, tt.body, w.Code, w.Body, tt.recorded)
		}
	}
	if _, body := f.post(rpc.List, "\ufeff"+`{"project":"acme","limit":1}`); !strings.Contains(body, `"ok":true`) {
		t.Errorf("a byte order mark before a query: %s", body)
	}
}
