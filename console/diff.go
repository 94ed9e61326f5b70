package console

import (
	"strings"

	"auditlog/audit"
)

// diffLine is a line of a value that changed: Old where it went, New where it came, both where it
// stayed.
type diffLine struct {
	Text     string
	Old, New bool
}

// maxDiffLines is how many lines a value has at most that is compared line by line.
const maxDiffLines = 500

// shownChange is a change with, where its values have many lines, the lines that differ.
type shownChange struct {
	audit.Change
	Lines []diffLine
}

func shownChanges(changes []audit.Change) []shownChange {
	shown := make([]shownChange, len(changes))
	for i, c := range changes {
		shown[i].Change = c
		if c.Old != "" && c.New != "" && strings.Contains(c.Old+c.New, "\n") {
			shown[i].Lines = diffLines(c.Old, c.New)
		}
	}
	return shown
}

// diffLines compares two texts line by line, and returns nil for those that have too many.
func diffLines(from, to string) []diffLine {
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
	var lines []diffLine
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, diffLine{a[i], true, true})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, diffLine{a[i], true, false})
			i++
		default:
			lines = append(lines, diffLine{b[j], false, true})
			j++
		}
	}
	return lines
}
