package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	"sigs.k8s.io/yaml"

	"causeway/internal/gateway"
	"causeway/internal/gateway/schema"
	"causeway/internal/template"
)

const (
	maxDocument = 16 << 20 // bytes; a gateway at every limit of its SKU stays well below
	maxDepth    = 64       // levels; the resource itself has about a dozen
)

// FormatError says that the input is not a gateway document at all: what it looks like, where, and what to do.
type FormatError struct {
	Line, Column int // of a JSON syntax error, from 1; 0 otherwise
	Message      string
	Hint         string
}

func (e *FormatError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// toJSON turns input in any form that is read into JSON.
func toJSON(data []byte) ([]byte, error) {
	data = plainUTF8(data)
	if err := checkSize(data); err != nil {
		return nil, err
	}
	isYAML, err := recogniseText(data)
	switch {
	case err != nil:
		return nil, err
	case isYAML:
		return yamlToJSON(data)
	}
	return template.StrictJSON(data), nil
}

// yamlToJSON reads one YAML document. Members come out in alphabetical order.
func yamlToJSON(data []byte) ([]byte, error) {
	if starts := yamlStart.FindAllIndex(data, 3); len(starts) > 1 || len(starts) == 1 && !isComment(data[:starts[0][0]]) {
		return nil, &FormatError{
			Message: "this is YAML with several documents in it",
			Hint:    "give the document of one gateway in a file of its own",
		}
	}
	out, err := yaml.YAMLToJSONStrict(data)
	if err != nil {
		_, what, _ := strings.Cut(err.Error(), "yaml: ")
		return nil, &FormatError{
			Message: "not valid YAML: " + gateway.Printable(strings.Join(strings.Fields(what), " ")),
			Hint:    "indent with spaces, give each key once",
		}
	}
	return out, nil
}

var yamlStart = regexp.MustCompile(`(?m)^---([ \t].*)?\r?$`)

// isComment reports whether YAML holds nothing but comments, directives and space.
func isComment(data []byte) bool {
	for line := range bytes.Lines(data) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' && line[0] != '%' {
			return false
		}
	}
	return true
}

func checkSize(data []byte) error {
	if len(data) <= maxDocument {
		return nil
	}
	return &FormatError{
		Message: fmt.Sprintf("the document has %d bytes, more than the %d that any gateway needs", len(data), maxDocument),
		Hint:    "give the document of one gateway",
	}
}

// readJSON reads one JSON value, members in order and repeated keys kept, nulls dropped.
func readJSON(data []byte) (any, error) {
	if err := checkSize(data); err != nil {
		return nil, err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, syntaxError(data, err)
	}
	r := reader{json.NewDecoder(bytes.NewReader(data))}
	r.dec.UseNumber()
	return r.value(0)
}

type reader struct{ dec *json.Decoder }

func (r reader) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, &FormatError{
			Message: fmt.Sprintf("the document nests deeper than %d levels", maxDepth),
			Hint:    "give the document of one gateway as Azure returns it",
		}
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch token {
	case json.Delim('{'):
		return r.object(depth)
	case json.Delim('['):
		return r.list(depth)
	}
	return token, nil
}

func (r reader) object(depth int) (any, error) {
	o := &schema.Object{}
	for r.dec.More() {
		key, err := r.dec.Token()
		if err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if name, ok := key.(string); ok && v != nil {
			o.Members = append(o.Members, schema.Member{Key: name, Value: v})
		}
	}
	_, err := r.dec.Token()
	return o, err
}

func (r reader) list(depth int) (any, error) {
	items := []any{}
	for r.dec.More() {
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		if v != nil {
			items = append(items, v)
		}
	}
	_, err := r.dec.Token()
	return items, err
}

func syntaxError(data []byte, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return fmt.Errorf("read JSON: %w", err)
	}
	offset := min(max(int(syntax.Offset)-1, 0), len(data))
	if errors.Is(err, io.ErrUnexpectedEOF) || syntax.Error() == "unexpected end of JSON input" {
		offset = len(data)
	}
	before := data[:offset]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return &FormatError{
		Line: line, Column: column,
		Message: "not valid JSON: " + syntax.Error(),
		Hint:    "fix the JSON there; JSON has no comma after the last element",
	}
}

// plainUTF8 removes a byte order mark and decodes UTF-16, which is what a redirect in Windows PowerShell writes. What has no mark
// stays as it is.
func plainUTF8(data []byte) []byte {
	plain, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), data)
	if err != nil {
		return data
	}
	return plain
}
