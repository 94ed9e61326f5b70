package entrypage

import (
	"strings"

	"auditlog/audit"
)

// DiffLine is a line of a value that changed: Old where it went, New where it came, both where it
// stayed.
type DiffLine struct {
	Text     string
	Old, New bool
}

// maxDiffLines is how many lines a value has at most that is compared line by line.
const maxDiffLines = 500

// ShownChange is a change with, where its values have many lines, the lines that differ.
type ShownChange struct {
	audit.Change
	Lines []DiffLine
}

// ShownChanges returns changes, those of texts of many lines line by line.
func ShownChanges(changes []audit.Change) []ShownChange {
	shown := make([]ShownChange, len(changes))
	for i, c := range changes {
		shown[i].Change = c
		if c.Old != "" && c.New != "" && strings.Contains(c.Old+c.New, "\n") {
			shown[i].Lines = diffLines(c.Old, c.New)
		}
	}
	return shown
}

// diffLines compares two texts line by line, and returns nil for those that have too many.
func diffLines(from, to string) []DiffLine {
	a, b := strings.Split(from, "\n"), strings.Split(to, "\n")
	if len(a) > maxDiffLines || len(b) > maxDiffLines {
		return nil
	}
	// common[i][j] is how many lines a[i:] and b[j:] have in common, in their order.
	common := make([][]int, len(a)+1)
	common[len(a)] = make([]int, len(b)+1)
	for i := len(a) - 1; i >= 0; i-- {
		common[i] = make([]int, len(b)+1)
		for j := len(b) - 1; j >= 0; j-- {
			if common[i][j] = max(common[i+1][j], common[i][j+1]); a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var lines []DiffLine
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, DiffLine{a[i], true, true})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, DiffLine{a[i], true, false})
			i++
		default:
			lines = append(lines, DiffLine{b[j], false, true})
			j++
		}
	}
	return lines
}
