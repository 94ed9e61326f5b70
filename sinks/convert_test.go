package sinks

import (
	"testing"

	"auditlog/audit"
	"auditlog/rpc"
	"auditlog/shipping"
)

// TestKept: a bucket's endpoint is where its secrets go to, wherever it is said.
func TestKept(t *testing.T) {
	to := func(s string) *string { return &s }
	for _, tt := range []struct {
		req   rpc.SinkUpdateRequest
		again bool
	}{
		{rpc.SinkUpdateRequest{Settings: map[string]string{"endpoint": "https://other.example.com"}}, true},
		{rpc.SinkUpdateRequest{Settings: map[string]string{"endpoint": ""}}, true},
		{rpc.SinkUpdateRequest{To: to("s3://bucket/b?endpoint=https://other.example.com")}, true},
		{rpc.SinkUpdateRequest{To: to("s3://other/a")}, true},
		{rpc.SinkUpdateRequest{To: to("s3://bucket/b")}, false},
		{rpc.SinkUpdateRequest{Settings: map[string]string{"region": "eu-1"}}, false},
	} {
		s := shipping.Sink{
			To: "s3://bucket/a", Settings: map[string]string{"endpoint": "https://s3.example.com"}, Secrets: map[string]string{"secret-key": "k"},
		}
		if err := apply(&tt.req, &s); (audit.KindOf(err) == audit.Invalid) != tt.again || (err != nil) != tt.again {
			t.Errorf("%+v: %v", tt.req, err)
		}
	}
}
