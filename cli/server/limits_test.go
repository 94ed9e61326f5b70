package server

import (
	"reflect"
	"strings"
	"testing"

	"auditlog/audit"
)

func TestLimitTables(t *testing.T) {
	c, err := loadConfig(t, nil, nil, `
listen = "127.0.0.1:7070"

[[limit]]
name = "import"
each = "project"
only = ["acme", "archive-*"]
bytes-per-day = "20GiB"

[[limit]]
name = "one-token"
each = "token"
entries-per-second = 500
bytes = 4096
`)
	want := []audit.Limit{
		{Name: "import", Each: "project", Only: []string{"acme", "archive-*"}, BytesPerDay: 20 << 30},
		{Name: "one-token", Each: "token", EntriesPerSecond: 500, Bytes: 4096},
	}
	if err != nil || !reflect.DeepEqual(c.Limits, want) {
		t.Errorf("read are %+v, %v", c.Limits, err)
	}
	for table, want := range map[string]string{
		`each = "project"`:                                                     ":1: limit.name: is required",
		"name = \"a\"\neach = \"user\"":                                        ":3: limit.each: must be project or token",
		"name = \"a b\"\neach = \"token\"":                                     ":2: limit.name: must be one word",
		"name = \"a\"\neach = \"token\"":                                       ":2: limit.name: a bounds nothing",
		"name = \"a\"\neach = \"token\"\nbytes = \"2 sacks\"":                  `:4: limit.bytes: "2 sacks" is no size`,
		"name = \"a\"\neach = \"token\"\nbytes = 0":                            `:4: limit.bytes: "0" is no size`,
		"name = \"a\"\neach = \"token\"\nbytes = \"9000000TiB\"":               `:4: limit.bytes: "9000000TiB" is no size`,
		"name = \"a\"\neach = \"token\"\nentries-per-second = -1":              ":4: limit.entries-per-second: must not be less than 0",
		"name = \"a\"\neach = \"token\"\nbytes = 1\nonly = [\"a*b\"]":          `:5: limit.only: "a*b" is neither a name`,
		"name = \"a\"\neach = \"token\"\nbyte-per-day = 1":                     `:4: limit.byte-per-day: no such setting: did you mean "bytes-per-day"?`,
		"name = \"a\"\neach = \"token\"\nbytes = 1\n[[limit]]\nname = \"a\"\n": `:6: limit.name: "a" is that of another limit`,
	} {
		if _, err := loadConfig(t, nil, nil, "[[limit]]\n"+table+"\n"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", table, err, want)
		}
	}
	for written, want := range map[string]int64{"1": 1, "500MB": 500e6, "2 GiB": 2 << 30, "7kB": 7000, "3TiB": 3 << 40, "12B": 12} {
		var n size
		if err := n.Set(written); err != nil || int64(n) != want {
			t.Errorf("%q is %d, %v", written, n, err)
		}
	}
}
