// Package redact replaces what names people and places in evidence by pseudonyms, so that it can be shared and still tells what
// failed. What it does not understand it leaves out.
package redact

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"causeway/internal/evidence"
	"causeway/internal/evidence/archive"
	"causeway/internal/evidence/envelope"
)

// Redactor replaces addresses, hosts, paths and ids by pseudonyms: the same one for the same thing, so that everything
// that a diagnosis compares still compares alike. The key is drawn anew and kept nowhere, so pseudonyms of two bundles
// have nothing to do with each other, and none leads back.
type Redactor struct {
	// Since leaves out logs of the hours before it: files whose names tell their hour, as Causeway and Azure write them.
	Since time.Time

	key   []byte
	seen  map[string]string
	hosts map[string]bool // names met in fields that hold hosts: they are replaced wherever they stand

	kept    int
	leftOut []string
}

// LeftOut names what the last Redact did not copy, because it is not evidence of a form that redaction understands: keys,
// notes, and documents that are cut off among them.
func (r *Redactor) LeftOut() []string { return r.leftOut }

// ErrNothing is the error of Redact where nothing is left to share.
var ErrNothing = errors.New("none of the files holds evidence that can be redacted")

// New makes a redactor with this key.
func New(key []byte) *Redactor {
	return &Redactor{key: key, seen: map[string]string{}, hosts: map[string]bool{}}
}

// Redact writes the evidence at the paths, redacted, as one compressed tar. It is gone through twice: which names are hosts
// is known only once all documents have been read.
func (r *Redactor) Redact(paths []string, to io.Writer) error {
	files, done, err := evidence.Files(paths)
	if err != nil {
		return fmt.Errorf("redact: %w", err)
	}
	defer done()
	files = slices.DeleteFunc(files, r.tooOld)
	if err := eachLeafOf(files, r.learn); err != nil {
		return err
	}
	r.kept, r.leftOut = 0, nil
	z := gzip.NewWriter(to)
	t := tar.NewWriter(z)
	number := 0
	err = eachLeafOf(files, func(l *archive.Leaf) error {
		number++
		return r.leaf(t, fmt.Sprintf("%03d-%s", number, r.fileName(l.Name)), l)
	})
	if err == nil && r.kept == 0 {
		err = ErrNothing
	}
	if err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// tooOld reports whether a file has logs of an hour before those that are wanted.
func (r *Redactor) tooOld(file string) bool {
	hour, known := evidence.HourOf(filepath.ToSlash(file))
	return known && !hour.Add(time.Hour).After(r.Since)
}

// eachLeafOf calls f with everything that the files hold.
func eachLeafOf(files []string, f func(*archive.Leaf) error) error {
	for _, file := range files {
		if err := evidence.EachLeaf(file, file, nil, f); err != nil {
			return fmt.Errorf("redact %s: %w", file, err)
		}
	}
	return nil
}

// learn notes the hosts that a document names.
func (r *Redactor) learn(l *archive.Leaf) error {
	head, err := l.Peek(archive.HeadSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch form := evidence.Recognise(head, l.Name); form {
	case evidence.FormDocument, evidence.FormYAML:
		if err := r.whole(bufio.NewWriter(io.Discard), l, form); !errors.Is(err, errNotUnderstood) {
			return err
		}
	}
	return nil
}

// fileName keeps of a name what tells the kind of the file, and the hour of a blob.
func (r *Redactor) fileName(name string) string {
	hour := ""
	if t, ok := evidence.HourOf(name); ok {
		hour = t.Format("y=2006/m=01/d=02/h=15/m=00/")
	}
	base := name[strings.LastIndexAny(name, `/\:`)+1:]
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".gz"), ".zst")
	ext := base[strings.LastIndexByte(base, '.')+1:]
	if len(ext) > 5 || ext == base {
		ext = "txt"
	}
	switch base {
	case evidence.AppliedName, evidence.HealthName, evidence.NotCollectedName, "causeway.yaml", "activity.json":
		return hour + base
	}
	return hour + "evidence." + ext
}

// errNotUnderstood is that of a leaf which is left out: what redaction does not understand may hold anything.
var errNotUnderstood = errors.New("not evidence of a form that redaction understands")

// leaf writes one file.
func (r *Redactor) leaf(t *tar.Writer, name string, l *archive.Leaf) error {
	head, err := l.Peek(archive.HeadSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	tmp, err := os.CreateTemp("", "causeway-redact-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	w := bufio.NewWriter(tmp)
	switch form := evidence.Recognise(head, l.Name); form {
	case evidence.FormNothing:
		return nil
	case evidence.FormBinary:
		err = errNotUnderstood
	case evidence.FormLines:
		err = r.lines(w, l)
	case evidence.FormRecords:
		err = r.lines(w, envelope.NewSplitter(l.Reader))
	case evidence.FormEnveloped:
		err = r.lines(w, envelope.NewOpener(l.Reader))
	case evidence.FormTable:
		err = r.table(w, l)
	case evidence.FormAnswer:
		err = r.queried(w, l)
	default:
		err = r.whole(w, l, form)
	}
	if errors.Is(err, errNotUnderstood) {
		r.leftOut = append(r.leftOut, l.Name)
		return nil
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return err
	}
	r.kept++
	size, err := tmp.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = tmp.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, Typeflag: tar.TypeReg, ModTime: time.Unix(0, 0)}); err != nil {
		return err
	}
	_, err = io.Copy(t, tmp)
	return err
}

func (r *Redactor) lines(w *bufio.Writer, in io.Reader) error {
	return evidence.EachLine(in, func(line []byte) {
		w.Write(r.line(line))
		w.WriteByte('\n')
	})
}

// unreadable replaces a line that redaction does not understand: a reader counts it as one that cannot be read.
const unreadable = "{"

// line redacts one record. It first repairs the sloppy JSON that readers accept.
func (r *Redactor) line(line []byte) []byte {
	if len(line) == 0 {
		return nil
	}
	if out, ok := r.json(line); ok {
		return out
	}
	repaired := commaAtEnd.ReplaceAll(bareDash.ReplaceAll(line, []byte(`:"-"$1`)), []byte("$1"))
	if out, ok := r.json(repaired); ok {
		return out
	}
	return []byte(unreadable)
}

var (
	bareDash   = regexp.MustCompile(`:\s*-\s*([,}])`)
	commaAtEnd = regexp.MustCompile(`,\s*([}\]])`)
)
