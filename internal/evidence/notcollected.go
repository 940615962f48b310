package evidence

import (
	"fmt"
	"strings"
)

// isNotCollected knows the file in which causeway collect says what it could not get. Redacted, it has a number before it.
func isNotCollected(name string) bool { return strings.HasSuffix(name, NotCollectedName) }

// maxNotCollected bounds the reasons that a note repeats.
const maxNotCollected = 10

// notCollected notes what a bundle lacks, and why.
func (b *Bundle) notCollected(name string, data []byte) {
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	shown := lines[:min(len(lines), maxNotCollected)]
	text := strings.Join(shown, "; ")
	if more := len(lines) - len(shown); more > 0 {
		text += fmt.Sprintf("; and %d more, which %s lists", more, name)
	}
	b.note("could not be collected: " + text)
}
