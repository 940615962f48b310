package evidence

import (
	"bytes"
	"path/filepath"
	"strings"
)

// isEmptyAnswer reports whether JSON is what az and the REST API print where there is nothing to list, as on a quiet day.
func isEmptyAnswer(data []byte) bool {
	if len(data) > 64 { // no layout of it is longer
		return false
	}
	data = bytes.Join(bytes.Fields(data), nil)
	return string(data) == "[]" || string(data) == `{"value":[]}`
}

// emptyAnswer notes such an answer. Nothing in it says what was asked for, but the name of its file may.
func (b *Bundle) emptyAnswer(name string) {
	b.note(name + ": an empty answer")
	b.empty = append(b.empty, strings.ToLower(filepath.Base(name)))
}

// AnsweredEmpty reports whether a query for some kind of evidence returned nothing. Kind is a word of the file's name, such as
// activity.
func (b *Bundle) AnsweredEmpty(kind string) bool {
	for _, name := range b.empty {
		if strings.Contains(name, kind) {
			return true
		}
	}
	return false
}
