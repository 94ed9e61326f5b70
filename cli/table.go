package cli

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"auditlog/spell"
)

// narrowest is what a column is not made narrower than to fit the terminal.
const narrowest = 8

// table writes rows in aligned columns.
type table struct {
	w io.Writer
	// limit is the width that rows are cut to; 0 is none.
	limit int
	// fixed counts the first columns, which are never cut.
	fixed int
	// prose is set where the last column has words, not names.
	prose  bool
	titles []string
	widths []int // of the rows written before
}

// write writes rows in columns at least as wide as those written before. The
// first call writes the titles as well, unless there is nothing to write.
func (t *table) write(rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	if t.widths == nil {
		t.widths = make([]int, len(t.titles))
		rows = append([][]string{t.titles}, rows...)
	}
	for i, row := range rows {
		clean := make([]string, len(row))
		for j, cell := range row {
			clean[j] = spell.Text(cell)
			t.widths[j] = max(t.widths[j], columns(clean[j]))
		}
		rows[i] = clean
	}
	t.shrink()
	var b strings.Builder
	for _, row := range rows {
		t.appendRow(&b, row)
	}
	_, err := io.WriteString(t.w, b.String())
	return err
}

// gap is what stands between two columns.
const gap = "  "

// shrink narrows the widest columns until a row fits the limit, as far as it can.
func (t *table) shrink() {
	total := (len(t.widths) - 1) * len(gap)
	for _, w := range t.widths {
		total += w
	}
	for ; t.limit > 0 && total > t.limit; total-- {
		widest := -1
		for i := t.fixed; i < len(t.widths); i++ {
			if t.widths[i] > narrowest && (widest < 0 || t.widths[i] >= t.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.widths[widest]--
	}
}

func (t *table) appendRow(b *strings.Builder, row []string) {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString(gap)
		}
		if t.prose && i == len(row)-1 {
			cell = cut(cell, t.widths[i])
		} else {
			cell = cutMiddle(cell, t.widths[i])
		}
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", t.widths[i]-columns(cell)))
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// cut returns s in at most n columns, the last of them an ellipsis if it had more.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		w := runeColumns(r)
		if used+w > n-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}

// cutMiddle is cut for names, which tell most at their ends.
func cutMiddle(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	head := cut(s, n/2)
	room, from := n-columns(head), len(s)
	for room > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:from])
		if room -= runeColumns(r); room < 0 {
			break
		}
		from -= size
	}
	return head + s[from:]
}

// columns returns how many columns of a terminal s takes.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
