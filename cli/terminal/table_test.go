package terminal

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	tests := []struct {
		name  string
		limit int
		rows  [][]string
		want  string
	}{
		{"empty", 0, nil, ""},
		{"aligned", 0, [][]string{{"1", "ada", "x"}, {"20", "grace hopper", ""}}, `
ID  ACTOR         DETAIL
1   ada           x
20  grace hopper
`},
		{"wide and combining runes", 0, [][]string{{"1", "日本語", "x"}, {"2", "e\u0301te\u0301", "x"}, {"3", "ไทย", "x"}, {"4", "🚀", "x"}}, "\n" +
			"ID  ACTOR   DETAIL\n" +
			"1   日本語  x\n" +
			"2   e\u0301te\u0301     x\n" +
			"3   ไทย     x\n" +
			"4   🚀      x\n"},
		{"cut to the terminal", 30, [][]string{{"1", "ada@example.com", "Deployed revision 7 of web"}}, `
ID  ACTOR         DETAIL
1   ada@e…le.com  Deployed re…
`},
		{"wide runes cut in half", 22, [][]string{{"1", "日本語日本語", "日本語日本語"}}, `
ID  ACTOR     DETAIL
1   日…本語   日本語…
`},
		{"too narrow", 10, [][]string{{"123456789", "ada@example.com", "Deployed revision"}}, `
ID         ACTOR     DETAIL
123456789  ada….com  Deploye…
`},
		{"nothing that a terminal obeys", 0, [][]string{{"1", "a\x1b[31mred", "two\nlines\ttab \u202egpj\u00a0\u200b\ufeff"}}, `
ID  ACTOR         DETAIL
1   a\x1b[31mred  two\nlines\ttab \u202egpj \u200b\ufeff
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			table := Table{W: &b, Limit: tt.limit, Fixed: 1, Prose: true, Titles: []string{"ID", "ACTOR", "DETAIL"}}
			if err := table.Write(tt.rows); err != nil {
				t.Fatal(err)
			}
			if got, want := b.String(), strings.TrimPrefix(tt.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestTableKeepsItsColumns(t *testing.T) {
	var b strings.Builder
	table := Table{W: &b, Titles: []string{"A", "B"}}
	for _, rows := range [][][]string{{{"long", "x"}}, {{"a", "x"}}, nil} {
		if err := table.Write(rows); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := b.String(), "A     B\nlong  x\na     x\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
