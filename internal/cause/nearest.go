package cause

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// Nearest returns the id of the catalogue that a mistyped one most likely means: one that begins with it, or else the one at
// the smallest edit distance.
func Nearest(id string) string {
	best, least := "", 0
	for i := range all {
		if id != "" && strings.HasPrefix(all[i].ID, id) {
			return all[i].ID // typed in part
		}
		if d := levenshtein.ComputeDistance(id, all[i].ID); best == "" || d < least {
			best, least = all[i].ID, d
		}
	}
	return best
}
