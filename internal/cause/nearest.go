package cause

import "strings"

// Nearest returns the id that takes the fewest changes of letters to get to, for whoever mistyped one.
func Nearest(id string) string {
	best, least := "", 0
	for i := range all {
		if id != "" && strings.HasPrefix(all[i].ID, id) {
			return all[i].ID // typed in part
		}
		if d := distance(id, all[i].ID); best == "" || d < least {
			best, least = all[i].ID, d
		}
	}
	return best
}

// distance counts the insertions, deletions and replacements that turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := before
			if a[i] != b[j] {
				replaced++
			}
			before = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
