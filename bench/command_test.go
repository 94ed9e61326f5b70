package main

import (
	"flag"
	"testing"
)

func TestCommand(t *testing.T) {
	for want, args := range map[string][]string{
		"make bench": {"-docs", "x.md", "-json", "/tmp/y"},
		"make bench ARGS='-n 100000 -only list,search'": {"-only", "list,search", "-n", "100000", "-docs", "x.md"},
	} {
		fs := flag.NewFlagSet("bench", flag.ContinueOnError)
		new(config).flags(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		if got := commandOf(fs); got != want {
			t.Errorf("%v: got %s, want %s", args, got, want)
		}
	}
}
