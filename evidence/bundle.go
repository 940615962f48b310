// Package evidence reads what a diagnosis works on: the gateway document, backend health and access logs, from a data
// directory of Causeway's own or from files. Each file's kind is recognised by its content.
package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"causeway/accesslog"
	"causeway/gateway"
)

// Bundle is all the evidence there is.
type Bundle struct {
	Config *gateway.Config // nil: not among the evidence
	Local  *gateway.Local  // nil: not among the evidence
	Health *gateway.Health // nil: not among the evidence
	Logs   []string        // files of access records, oldest first
	Unread []Unread        // what could not be read, at most maxUnread of them
	Bad    int             // lines that could not be read
}

// Unread is a file, or a line of one, that told nothing.
type Unread struct {
	File   string
	Line   int // 0: the whole file
	Reason string
}

const maxUnread = 20

// Names that a data directory uses.
const (
	AppliedName = "applied.json" // configuration in force
	HealthName  = "health.json"  // backend health as last written
)

// Open looks at files and folders. It fails only if a path does not exist; what cannot be read is noted in Unread.
func Open(paths []string) (*Bundle, error) {
	b := &Bundle{}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.Type().IsRegular() {
				b.file(file)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("open the evidence: %w", err)
		}
	}
	sort.Strings(b.Logs)
	return b, nil
}

// documentMax bounds a document that is read whole; logs are streamed.
const documentMax = 64 << 20

func (b *Bundle) file(path string) {
	f, err := os.Open(path)
	if err != nil {
		b.skip(path, 0, err.Error())
		return
	}
	defer f.Close()
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(f, head)
	if head = bytes.TrimSpace(bytes.TrimPrefix(head[:n], byteOrderMark)); len(head) == 0 {
		return // an empty file tells nothing, and is no fault
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		b.skip(path, 0, err.Error())
		return
	}
	if isLog(head) {
		b.Logs = append(b.Logs, path)
		return
	}
	if head[0] != '{' && head[0] != '[' {
		if name := filepath.Base(path); name == "causeway.yaml" || name == "causeway.yml" {
			b.local(path)
			return
		}
		b.skip(path, 0, "it is no JSON")
		return
	}
	data, err := os.ReadFile(path)
	if err != nil || len(data) > documentMax {
		b.skip(path, 0, "it cannot be read whole")
		return
	}
	b.document(path, bytes.TrimPrefix(data, byteOrderMark))
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// isLog reports whether a file begins with an access record on a line of its own.
func isLog(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return line[0] == '{' && bytes.Contains(line, []byte(`"properties"`)) && bytes.Contains(line, []byte(accesslog.Operation))
}

// document takes a JSON document for what it is.
func (b *Bundle) document(path string, data []byte) {
	var shape struct {
		Pools    json.RawMessage `json:"backendAddressPools"`
		Document []byte          `json:"document"`
		Local    []byte          `json:"local"`
		Dir      string          `json:"dir"`
	}
	if err := json.Unmarshal(data, &shape); err != nil {
		b.skip(path, 0, err.Error())
		return
	}
	switch {
	case shape.Document != nil:
		b.config(path, shape.Document)
		b.localYAML(path, shape.Local, shape.Dir)
	case bytes.Contains(shape.Pools, []byte(`"backendHttpSettingsCollection"`)):
		b.Health = new(gateway.Health)
		if err := json.Unmarshal(data, b.Health); err != nil {
			b.Health = nil
			b.skip(path, 0, err.Error())
		}
	default:
		b.config(path, data)
	}
}

// Take adds the configuration of a running gateway.
func (b *Bundle) Take(document, local []byte, dir string) {
	b.config("the running gateway", document)
	b.localYAML("the running gateway", local, dir)
}

func (b *Bundle) config(path string, data []byte) {
	d, err := gateway.Parse(data)
	if err != nil {
		b.skip(path, 0, err.Error())
		return
	}
	b.Config = d.Config
}

func (b *Bundle) local(path string) {
	data, err := os.ReadFile(path)
	if err != nil {
		b.skip(path, 0, err.Error())
		return
	}
	b.localYAML(path, data, filepath.Dir(path))
}

func (b *Bundle) localYAML(path string, data []byte, dir string) {
	l, _, err := gateway.ParseLocal(data, dir)
	if err != nil {
		b.skip(path, 0, err.Error())
		return
	}
	b.Local = &l
}

func (b *Bundle) skip(path string, line int, reason string) {
	if line > 0 {
		b.Bad++
	}
	if len(b.Unread) < maxUnread {
		b.Unread = append(b.Unread, Unread{File: path, Line: line, Reason: reason})
	}
}

// lineMax bounds one record; a longer line is skipped.
const lineMax = 1 << 20

// Each calls f with every access record. own says that it carries Causeway's object. The record is good until f returns.
func (b *Bundle) Each(f func(r *accesslog.Record, own bool)) error {
	for _, path := range b.Logs {
		if err := b.eachIn(path, f); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

func (b *Bundle) eachIn(path string, f func(*accesslog.Record, bool)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, lineMax)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			b.skip(path, n, "the line is longer than 1 MiB")
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
			line = nil
		}
		if len(bytes.TrimSpace(line)) > 0 && (err == nil || errors.Is(err, io.EOF)) {
			b.line(path, n, line, errors.Is(err, io.EOF), f)
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func (b *Bundle) line(path string, n int, line []byte, last bool, f func(*accesslog.Record, bool)) {
	r, own, err := accesslog.Decode(line)
	switch {
	case err == nil:
		f(&r, own)
	case errors.Is(err, accesslog.ErrNotAccess), last: // another category; or a line that is being written
	default:
		b.skip(path, n, strings.TrimSpace(err.Error()))
	}
}
