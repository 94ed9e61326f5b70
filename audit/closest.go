package audit

import "strings"

// Closest returns which of names was probably meant by name: the same in another
// case, or with no more than two letters wrong. It is empty when none is.
func Closest(name string, names []string) string {
	best, least := "", 3
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return n
		}
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < least && d < len(n)-1 {
			best, least = n, d
		}
	}
	return best
}

// distance returns how many bytes must be added, left out or changed to make one
// of two short strings of the other; for long ones, more than anybody asks for.
func distance(a, b string) int {
	const most = 64
	if len(a) > most || len(b) > most {
		return most
	}
	var row [most + 1]int
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
