package address

import "testing"

func TestLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.8.8.8": true, "::1": true, "localhost": true, "::ffff:127.0.0.1": true,
		"LocalHost:7070": true, "[::1]:7070": true, "[::1]": true, "127.0.0.1:0": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "example.com": false, ":7070": false,
		"localhost.evil.example": false, "127.0.0.1.evil.example:7070": false,
	} {
		if got := Local(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
