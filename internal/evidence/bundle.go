// Package evidence reads what a diagnosis works on, as people really have it: logs of every category in every form in
// which Azure exports them, the gateway document, backend health, metrics, the activity log, or a data directory of
// Causeway's own; as files, folders, archives, compressed or not. Each file's kind is recognised by its content.
package evidence

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"

	"sigs.k8s.io/yaml"

	"causeway/internal/accesslog"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/table"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
	"causeway/internal/template"
)

// Bundle is all the evidence there is.
type Bundle struct {
	Config   *gateway.Config   // nil: not among the evidence
	State    State             // of the gateway, as its document says
	Problems []gateway.Problem // of the document
	Local    *gateway.Local    // nil: not among the evidence
	Health   *gateway.Health   // nil: not among the evidence
	Metrics  []Metric
	Activity []Activity // oldest first, once the rows have been read
	Unread   []Unread   // what could not be read, at most maxUnread of them
	Bad      int        // lines that could not be read
	Rows     int        // rows of logs that were read, of any kind and time; known once EachRow has run
	Repeated int        // rows that stood in more than one place, counted once
	Misdated int        // rows whose time cannot be true, which were set aside
	Lost     int64      // access-log records that a running gateway says it could not keep
	Machine  *Machine   // of a running gateway; nil: none was asked
	Hung     []Hung     // instances of a running gateway that do not answer now
	NoHealth *NoHealth  // why a running gateway told no health; nil: it did, or none was asked
	Notes    []string   // what was assumed, and what could not be made sure

	visit   func(path, name string) // in place of looking at a file
	given   string                  // the path that is being opened, as it is spoken of
	logs    []*source
	swept   bool // rows have been read
	dated   int  // of the logs, those whose time is known and can be true
	size    int64
	done    atomic.Int64
	spooled []string // temporary files

	misdated string   // the first row that was set aside
	empty    []string // names of files that hold an empty answer
}

// State is what Azure says of a gateway as a whole. Empty where the document does not.
type State struct {
	Provisioning string // Succeeded, Updating, Failed
	Operational  string // Running, Stopped, Starting, Stopping
}

// stateIn reads the state out of a document, which keeps it outside of what can be configured.
func stateIn(data []byte) State {
	type state struct{ ProvisioningState, OperationalState string }
	type resource struct {
		state
		Properties state
	}
	var doc struct {
		resource
		Value []resource
	}
	if err := json.Unmarshal(data, &doc); err != nil && json.Unmarshal(data, &doc.Value) != nil {
		return State{}
	}
	if len(doc.Value) == 1 {
		doc.resource = doc.Value[0]
	}
	return State{
		cmp.Or(doc.Properties.ProvisioningState, doc.ProvisioningState), cmp.Or(doc.Properties.OperationalState, doc.OperationalState),
	}
}

// Names that a data directory uses, and a bundle.
const (
	AppliedName = "applied.json" // configuration in force
	HealthName  = "health.json"  // backend health as last written

	NotCollectedName = "not-collected.txt" // of a bundle: what causeway collect could not get, and why
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Open looks at files, folders and patterns, and reads Stdin to its end. It notes in Unread what it cannot read and goes on; it
// fails only if it can read none of the paths. Close the bundle after use.
func Open(paths []string) (*Bundle, error) {
	b := &Bundle{}
	var failed unreadPaths
	paths = expanded(paths)
	for _, path := range paths {
		b.given = nameOf(path)
		if err := b.open(path); err != nil {
			b.skip(b.given, 0, skipReason(err))
			failed = append(failed, unreadPath{path, err})
		}
	}
	if len(paths) > 0 && len(failed) == len(paths) {
		b.Close()
		return nil, fmt.Errorf("open the evidence: %w", failed)
	}
	b.sortLogs()
	return b, nil
}

// expanded are the paths, with the files of a pattern in its place. A file may be called as a pattern is written.
func expanded(paths []string) (out []string) {
	for _, path := range paths {
		found, _ := filepath.Glob(path)
		if _, err := os.Stat(path); len(found) == 0 || !errors.Is(err, fs.ErrNotExist) {
			found = []string{path}
		}
		out = append(out, found...)
	}
	return out
}

// Close removes temporary files.
func (b *Bundle) Close() {
	for _, path := range b.spooled {
		os.Remove(path)
	}
	b.spooled = nil
}

// Logs reports how many places hold rows of a log.
func (b *Bundle) Logs() int { return len(b.logs) }

// Empty reports whether there is no evidence at all.
func (b *Bundle) Empty() bool {
	return b.Config == nil && b.Local == nil && b.Health == nil && len(b.Metrics) == 0 && len(b.Activity) == 0 && len(b.logs) == 0
}

// Fruitless reports whether EachRow found no row in the logs and no other evidence shows failures: a report would then read as
// "nothing failed".
func (b *Bundle) Fruitless() bool {
	return b.swept && b.Rows == 0 && len(b.logs) > 0 && len(b.Unread) > 0 && b.Health == nil && len(b.Metrics) == 0 &&
		len(b.Activity) == 0 &&
		(b.Bad > 0 || b.Config == nil && b.Local == nil)
}

// Progress is how many bytes of logs there are, as they lie on disk, and how many have been read. It may be asked
// while EachRow runs.
func (b *Bundle) Progress() (done, size int64) { return b.done.Load(), b.size }

func (b *Bundle) open(path string) error {
	if path == Stdin {
		return b.pipe(os.Stdin, nameOf(path))
	}
	root := path
	if info, err := os.Stat(path); err != nil {
		return err
	} else if info.Mode()&fs.ModeNamedPipe != 0 { // of a shell: causeway diagnose <(zcat old.gz)
		return b.namedPipe(path)
	} else if info.IsDir() {
		root += string(filepath.Separator) // a link to a folder is the folder
	}
	empty := true
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && file == root:
			return err
		case err != nil:
			b.skip(file, 0, skipReason(err))
		case d.IsDir() && isInternal(file):
			empty = false
			return filepath.SkipDir
		case d.Type().IsRegular() || d.Type()&fs.ModeSymlink != 0 && file == root:
			b.file(file, file)
		}
		empty = empty && file == root && d.IsDir()
		return nil
	})
	if err == nil && empty && b.visit == nil {
		b.skip(path, 0, EmptyFolder)
	}
	return err
}

// isInternal reports whether a folder is one of a data directory of Causeway's that holds no evidence: keys, the store, control files and
// the database of the metrics.
func isInternal(folder string) bool {
	parent, name := filepath.Split(filepath.Clean(folder))
	if !slices.Contains([]string{"api", "cluster", "metrics", "run", "store"}, name) {
		return false
	}
	_, err := os.Lstat(filepath.Join(parent, "store", "node.key"))
	return err == nil
}

func (b *Bundle) namedPipe(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read a pipe: %w", err)
	}
	defer in.Close()
	return b.pipe(in, path)
}

// pipe keeps what comes in a file: documents must be known before rows are read, and pipes are read once.
func (b *Bundle) pipe(in io.Reader, name string) error {
	f, err := os.CreateTemp("", "causeway-stdin-")
	if err != nil {
		return fmt.Errorf("there is no temporary file to keep it in (%s): set TMPDIR to a folder that this user may write", reasonOf(err))
	}
	b.spooled = append(b.spooled, f.Name())
	defer f.Close()
	if err := b.spool(f, in, name, pipeMax); err != nil {
		return err
	}
	b.file(f.Name(), name)
	return nil
}

// pipeMax bounds what is kept of a pipe, in bytes, so that it cannot fill the disk.
const pipeMax = 16 << 30

// spool copies a stream up to a bound, or until the disk is full, and notes where it stopped.
func (b *Bundle) spool(to io.Writer, in io.Reader, name string, most int64) error {
	n, err := io.CopyN(to, in, most)
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case errors.Is(err, syscall.ENOSPC):
		b.note(fmt.Sprintf("%s was read up to byte %d, where the disk for temporary files is full: what comes after is missing here. Give it as a file, or set TMPDIR to a place with room", name, n))
		return nil
	case err != nil:
		return fmt.Errorf("read %s: %w", name, err)
	}
	if _, err := io.ReadFull(in, make([]byte, 1)); err == nil {
		b.note(fmt.Sprintf("%s was read up to byte %d and no further: what comes after is missing here. Give it as a file, which may be of any size", name, n))
	}
	return nil
}

// file looks at what one file holds. Messages call it name.
func (b *Bundle) file(path, name string) {
	if b.visit != nil {
		b.visit(path, name)
		return
	}
	err := EachLeaf(path, name, nil, func(l *archive.Leaf) error {
		b.look(path, name, l)
		return nil
	})
	if err != nil {
		b.broken(name, name, err)
	}
}

// EachLeaf calls f with everything that a file holds, as walk does, but passes over the sheets after the first that hold no
// table: notes and pictures.
func EachLeaf(path, name string, count func(int), f func(*archive.Leaf) error) error {
	return archive.Walk(path, name, count, func(l *archive.Leaf) error {
		if l.Sheet > 0 {
			head, _ := l.Peek(archive.HeadSize)
			if !table.HasHeading(head) {
				return nil
			}
		}
		return f(l)
	})
}

// DocumentMax bounds a document that is read whole; rows are streamed.
const DocumentMax = 64 << 20

// look takes a leaf for what it is.
func (b *Bundle) look(path, top string, l *archive.Leaf) {
	head, err := l.Peek(archive.HeadSize)
	if whole := err == nil || errors.Is(err, io.EOF); !whole && (len(head) == 0 || !errors.Is(err, io.ErrUnexpectedEOF)) {
		b.skip(l.Name, 0, streamReason(err))
		return
	}
	form := Recognise(head, l.Name)
	switch form {
	case FormNothing: // which is fine, unless the user named just that file
		if l.Name == b.given {
			b.skip(l.Name, 0, "it is empty")
		}
	case FormBinary:
		b.skip(l.Name, 0, binaryReason(head))
	case FormDocument, FormYAML, FormText:
		data, err := io.ReadAll(io.LimitReader(l, DocumentMax+1))
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			b.skip(l.Name, 0, "it is cut off, and half a document is of no use: copy it again")
		case err != nil:
			b.skip(l.Name, 0, err.Error())
		case IsBrokenLog(data):
			b.addLog(&source{path: path, top: top, name: l.Name, form: FormLines}, l, head)
		case len(data) > DocumentMax:
			b.skip(l.Name, 0, "it is not a log, and too large for a document")
		default:
			b.whole(l.Name, data, form)
		}
	default:
		b.addLog(&source{path: path, top: top, name: l.Name, form: form}, l, head)
	}
}

// whole takes a text that is not a log.
func (b *Bundle) whole(name string, data []byte, form Form) {
	switch form {
	case FormDocument:
		b.document(name, data)
	case FormYAML:
		b.yaml(name, data)
	case FormText:
		if isNotCollected(name) {
			b.notCollected(name, data)
			return
		}
		if h, ok := healthFromText(data); ok {
			b.takeHealth(name, h)
			return
		}
		if h, ok := healthFromTable(data); ok {
			b.takeHealth(name, h)
			return
		}
		b.skip(name, 0, unknownReason(data))
	}
}

// IsText reports whether a text that is neither JSON, YAML nor a table is evidence all the same: what causeway collect could
// not get, or backend health as PowerShell prints it.
func IsText(name string, data []byte) bool {
	_, dumped := healthFromText(data)
	_, tabled := healthFromTable(data)
	return isNotCollected(name) || dumped || tabled
}

// document takes a JSON document for what it is.
func (b *Bundle) document(name string, data []byte) {
	if !json.Valid(data) { // templates have comments
		data = bytes.TrimSpace(template.StrictJSON(data))
	}
	switch {
	case isEmptyAnswer(data):
		b.emptyAnswer(name)
	case data[0] == '[':
		b.list(name, data)
	default:
		b.object(name, data)
	}
}

// object takes a JSON object for what it is.
func (b *Bundle) object(name string, data []byte) {
	var shape struct {
		document.Source
		Schema string          `json:"schema"`
		Pools  json.RawMessage `json:"backendAddressPools"`
		Pool   json.RawMessage `json:"backendAddressPool"`
		Value  json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(data, &shape); err != nil && !json.Valid(data) {
		b.skip(name, 0, notJSONReason(data, err))
		return
	}
	switch {
	case strings.HasPrefix(shape.Schema, "causeway.report/"):
		b.skip(name, 0, "it is a report of causeway diagnose: give it with --before")
	case strings.HasPrefix(shape.Schema, "causeway."):
		b.skip(name, 0, "it is output of causeway itself, not evidence")
	case shape.Document != nil:
		b.source(name, shape.Source)
	case isHealth(shape.Pools), isHealth(data) && shape.Pool != nil, isShallowHealth(data):
		if h, err := decodeHealth(data); err != nil {
			b.skip(name, 0, err.Error())
		} else {
			b.takeHealth(name, h)
		}
	case bytes.Contains(shape.Value, []byte(`"timeseries"`)):
		b.metrics(name, data)
	case isMapped(data):
		b.skip(name, 0, mappedReason)
	case isActivity(shape.Value):
		b.activities(name, shape.Value)
	default:
		b.config(name, data)
	}
}

// list takes a JSON array that holds no rows.
func (b *Bundle) list(name string, data []byte) {
	switch {
	case isActivity(data):
		b.activities(name, data)
	case bytes.Contains(data, []byte(`"timeseries"`)):
		b.metrics(name, append(append([]byte(`{"value":`), data...), '}'))
	default:
		b.config(name, data)
	}
}

// Take adds the configuration of a running gateway.
func (b *Bundle) Take(s document.Source) { b.source("the running gateway", s) }

func (b *Bundle) source(name string, s document.Source) {
	b.configOf(name, s)
	b.localOf(name, s)
}

func (b *Bundle) config(name string, data []byte) { b.configOf(name, document.Source{Document: data}) }

func (b *Bundle) configOf(name string, s document.Source) {
	d, err := s.ParseDocument()
	if err != nil {
		b.skip(name, 0, err.Error())
		return
	}
	if b.Config != nil && !strings.EqualFold(b.Config.Name, d.Config.Name) {
		b.note(fmt.Sprintf("found documents of two gateways; using %s, ignoring %s", b.Config.Name, d.Config.Name))
		return
	}
	b.Config, b.Problems, b.State = d.Config, d.Problems(), stateIn(s.Document)
}

func (b *Bundle) takeHealth(name string, h *gateway.Health) {
	if b.Health != nil {
		b.note("found more than one report of backend health; using the one in " + name)
	}
	b.Health = h
}

// yaml is causeway.yaml, by its name or by its keys, or a gateway document in YAML.
func (b *Bundle) yaml(name string, data []byte) {
	if IsLocal(name, data) {
		b.localOf(name, document.Source{Local: data, Dir: filepath.Dir(name)})
		return
	}
	if text, err := yaml.YAMLToJSON(data); err == nil && len(text) > 0 && (text[0] == '{' || text[0] == '[') && !isGatewayYAML(text) {
		b.jsonOfYAML(name, text)
		return
	}
	b.config(name, data) // which says on what line it stops being YAML
}

// jsonOfYAML takes what az prints with -o yaml: rows are kept in a file, as what comes through a pipe is.
func (b *Bundle) jsonOfYAML(name string, text []byte) {
	if f := recogniseJSON(text); f == FormDocument {
		b.document(name, text)
		return
	}
	if err := b.pipe(bytes.NewReader(text), name); err != nil {
		b.skip(name, 0, skipReason(err))
	}
}

// isGatewayYAML reports whether a document that was YAML may be a gateway: messages should then name its own lines.
func isGatewayYAML(text []byte) bool {
	return !isHealth(text) && !isActivity(text) && !bytes.Contains(text, []byte(`"timeseries"`)) && recogniseJSON(text) == FormDocument
}

func (b *Bundle) localOf(name string, s document.Source) {
	l, _, err := s.ParseLocal()
	if err != nil {
		b.skip(name, 0, err.Error())
		return
	}
	b.Local = &l
}

// note keeps what the report has to say of the evidence, once.
func (b *Bundle) note(text string) {
	text = Printable(text)
	if !slices.Contains(b.Notes, text) && len(b.Notes) < maxUnread {
		b.Notes = append(b.Notes, text)
	}
}

// Generation is that of the gateway, where its document is among the evidence.
func (b *Bundle) Generation() accesslog.Generation {
	switch {
	case b.Config == nil:
		return accesslog.Guess
	case b.Config.V1():
		return accesslog.First
	}
	return accesslog.Second
}
