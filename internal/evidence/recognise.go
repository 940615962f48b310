package evidence

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"causeway/internal/evidence/envelope"
	"causeway/internal/evidence/table"
	"causeway/internal/template"
)

// Form is how a leaf has to be read.
type Form uint8

// The forms; an empty leaf has none.
const (
	FormNothing   Form = iota
	FormBinary         // neither text nor an archive
	FormLines          // a row of a log on each line, JSON
	FormRecords        // rows of a log as JSON otherwise: in an array, in {"records":[…]}, over several lines
	FormAnswer         // the answer of a query: {"tables":[{"columns":[…],"rows":[[…]]}]}
	FormEnveloped      // rows of a log inside the JSON of a log store or a shipper
	FormTable          // a table with a heading, however its cells are kept apart
	FormDocument       // JSON that is read whole
	FormYAML           // YAML that is read whole
	FormText           // anything else that is text
)

// Recognise tells the form by the beginning of a leaf.
func Recognise(head []byte, name string) Form {
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return FormNothing
	case bytes.IndexByte(head, 0) >= 0 || !mostlyUTF8(head):
		return FormBinary
	case isNotCollected(name):
		return FormText
	case text[0] == '{' || text[0] == '[':
		return recogniseJSON(text)
	case bytes.HasPrefix(text, []byte("//")) || bytes.HasPrefix(text, []byte("/*")): // a comment before the JSON
		return afterComments(text)
	}
	if table.HasHeading(text) && !isHealthTable(text) {
		return FormTable
	}
	switch {
	case isYAML(text, name):
		return FormYAML
	case envelope.LooksLikeRows(text):
		return FormLines // a log whose first lines were damaged
	case holdsRowsAmong(text):
		return FormEnveloped // each line begins with something else
	}
	return FormText
}

// afterComments tells JSON that begins with comments, as templates do.
func afterComments(text []byte) Form {
	if text = bytes.TrimLeft(template.StrictJSON(text), " \t\r\n"); len(text) > 0 && text[0] == '{' {
		return FormDocument
	}
	return FormText
}

// mostlyUTF8 reports whether text is text; the head may end within a character.
func mostlyUTF8(head []byte) bool {
	for cut := range utf8.UTFMax {
		if cut < len(head) && utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	bad := 0
	for rest := head; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		if r == utf8.RuneError && n == 1 {
			bad++
		}
		rest = rest[n:]
	}
	return 20*bad < len(head) // a log holds what hostile clients send
}

func recogniseJSON(text []byte) Form {
	if isQueried(text) {
		return FormAnswer
	}
	inner, wrapped := envelope.Unwrap(text)
	if table.IsObjects(text) {
		return FormTable
	}
	if !envelope.IsRow(envelope.FirstObject(inner)) {
		switch {
		case bytes.Contains(text[:min(len(text), 256)], []byte(`"causeway.`)): // a report or an answer of causeway's own
			return FormDocument
		case !wrapped && envelope.LooksLikeRows(text):
			return FormLines
		case isEnvelope(text):
			return FormEnveloped
		case !wrapped && beginsLongRow(text):
			return FormLines
		case beginsPacked(text):
			return FormEnveloped
		}
		return FormDocument
	}
	first, _, more := bytes.Cut(text, []byte("\n"))
	if !wrapped && (!more || len(envelope.FirstObject(first)) > 0) {
		return FormLines
	}
	return FormRecords
}

// IsBrokenLog reports whether a text that was taken for something else is a log: its first line is broken, and so long that
// no other stands in the head.
func IsBrokenLog(text []byte) bool {
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return envelope.LooksLikeRows(rest) && !json.Valid(text)
}

// beginsLongRow reports whether the head is the beginning of one long row.
func beginsLongRow(text []byte) bool {
	return bytes.IndexByte(text, '\n') < 0 && bytes.Contains(text, []byte(`"ApplicationGatewayAccess"`))
}

func isQueried(text []byte) bool {
	head := text[:min(len(text), 4<<10)]
	return bytes.Contains(head, []byte(`"tables"`)) && bytes.Contains(text, []byte(`"columns"`))
}

// isEnvelope reports whether records of a log are somewhere in the JSON that begins here.
func isEnvelope(text []byte) bool {
	o := envelope.NewOpener(bufio.NewReader(bytes.NewReader(text)))
	n, _ := o.Read(make([]byte, 1))
	return n > 0
}

// packed is a member whose value may be a message as base64, or as a text.
var packed = regexp.MustCompile(`(?i)"(?:body|data|message|value|payload)"\s*:\s*"([A-Za-z0-9+/_-]{64,1000})`)

// beginsPacked reports whether the beginning of JSON holds a message that is longer than what is looked at, with records in it.
func beginsPacked(text []byte) bool {
	for _, m := range packed.FindAllSubmatch(text, 4) {
		whole := m[1][:len(m[1])&^3]
		if data, err := base64.StdEncoding.DecodeString(string(whole)); err == nil && ofAccessLog(data) {
			return true
		}
	}
	return ofAccessLog(text) && bytes.Contains(text, []byte(`\"`))
}

// ofAccessLog reports whether a text has what each record of the access log has.
func ofAccessLog(text []byte) bool {
	return bytes.Contains(text, []byte("ApplicationGatewayAccess")) && bytes.Contains(text, []byte("httpStatus"))
}

// holdsRowsAmong reports whether some line of a text holds a record behind something else, such as a time and a host.
func holdsRowsAmong(text []byte) bool {
	for range 20 {
		line, rest, more := bytes.Cut(text, []byte("\n"))
		for range 5 { // labels may stand before it, in braces too
			i := bytes.IndexByte(line, '{')
			if i < 0 {
				break
			}
			if line = line[i:]; envelope.IsRow(envelope.FirstObject(line)) {
				return true
			}
			line = line[1:]
		}
		if !more {
			break
		}
		text = rest
	}
	return false
}

func isYAML(text []byte, name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return true
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	key, _, colon := bytes.Cut(bytes.TrimSpace(first), []byte(":"))
	if bytes.Equal(first, []byte("---")) {
		return true
	}
	switch string(key) {
	case "name", "id", "etag", "location", "properties", "sku", "backendAddressPools", "certificates", "members", "connectTimeout",
		"backendIdleTimeout", "keepAliveHint", "sizes", "logs":
		return colon
	}
	return false
}

// IsLocal reports whether YAML is causeway.yaml.
func IsLocal(name string, data []byte) bool {
	switch filepath.Base(name) {
	case "causeway.yaml", "causeway.yml":
		return true
	}
	for line := range bytes.Lines(data) {
		key, _, colon := bytes.Cut(bytes.TrimRight(line, " \r\n"), []byte(":"))
		switch string(key) {
		case "certificates", "members", "connectTimeout", "backendIdleTimeout", "keepAliveHint", "sizes":
			return colon
		}
	}
	return false
}
