package terminal

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

// Table writes rows in aligned columns.
type Table struct {
	W io.Writer
	// Limit is the width that rows are cut to; 0 is none.
	Limit int
	// Fixed counts the first columns, which are never cut.
	Fixed int
	// Prose is set where the last column has words, not names.
	Prose  bool
	Titles []string
	// Paint returns the colour of a cell, and may be nil, which is no colours. With it, what a Guard
	// would do is done by spelling out each cell.
	Paint  func(column int, cell string) Colour
	widths []int // of the rows written before
}

// Write writes rows in columns at least as wide as those written before. The
// first call writes the titles as well, unless there is nothing to write.
func (t *Table) Write(rows [][]string) error {
	if len(rows) == 0 {
		return nil
	}
	titles := t.widths == nil
	if titles {
		t.widths = make([]int, len(t.Titles))
		rows = append([][]string{t.Titles}, rows...)
	}
	for i, row := range rows {
		clean := make([]string, len(row))
		for j, cell := range row {
			clean[j] = spell.Text(cell)
			t.widths[j] = max(t.widths[j], Columns(clean[j]))
		}
		rows[i] = clean
	}
	t.shrink()
	var b strings.Builder
	w := t.W
	if t.Paint != nil {
		w = Unguarded(w)
	}
	for i, row := range rows {
		paint := t.Paint
		if paint != nil && titles && i == 0 {
			paint = func(int, string) Colour { return Dim }
		}
		t.appendRow(&b, row, paint)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Gap is what stands between two columns.
const Gap = "  "

// shrink narrows the widest columns until a row fits the limit, as far as it can.
func (t *Table) shrink() {
	total := (len(t.widths) - 1) * len(Gap)
	for _, w := range t.widths {
		total += w
	}
	for ; t.Limit > 0 && total > t.Limit; total-- {
		widest := -1
		for i := t.Fixed; i < len(t.widths); i++ {
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

func (t *Table) appendRow(b *strings.Builder, row []string, paint func(int, string) Colour) {
	var line strings.Builder
	for i, cell := range row {
		if i > 0 {
			line.WriteString(Gap)
		}
		if t.Prose && i == len(row)-1 {
			cell = cut(cell, t.widths[i])
		} else {
			cell = cutMiddle(cell, t.widths[i])
		}
		space := t.widths[i] - Columns(cell)
		if paint != nil {
			cell = paint(i, cell).Of(cell)
		}
		line.WriteString(cell)
		line.WriteString(strings.Repeat(" ", space))
	}
	b.WriteString(strings.TrimRight(line.String(), " "))
	b.WriteByte('\n')
}

// cut returns s in at most n columns, the last of them an ellipsis if it had more.
func cut(s string, n int) string {
	if Columns(s) <= n {
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
	if Columns(s) <= n {
		return s
	}
	head := cut(s, n/2)
	room, from := n-Columns(head), len(s)
	for room > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:from])
		if room -= runeColumns(r); room < 0 {
			break
		}
		from -= size
	}
	return head + s[from:]
}

// Columns returns how many columns of a terminal s takes.
func Columns(s string) int {
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
