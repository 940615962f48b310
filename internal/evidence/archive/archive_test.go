package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
)

// fataler is a test, of package testing or of rapid.
type fataler interface{ Fatal(...any) }

func must(t fataler, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// packers put a text named inside.txt into a file of each kind. keeps says whether the kind keeps the name.
var packers = map[string]struct {
	pack  func(t fataler, data []byte) []byte
	keeps bool
}{
	"gzip": {func(t fataler, data []byte) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, err := w.Write(data)
		must(t, errors.Join(err, w.Close()))
		return b.Bytes()
	}, false},
	"zstd": {func(t fataler, data []byte) []byte {
		w, err := zstd.NewWriter(nil)
		must(t, err)
		return w.EncodeAll(data, nil)
	}, false},
	"tar": {func(t fataler, data []byte) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		must(t, w.WriteHeader(&tar.Header{Name: "inside.txt", Size: int64(len(data)), Mode: 0o600, Typeflag: tar.TypeReg}))
		_, err := w.Write(data)
		must(t, errors.Join(err, w.Close()))
		return b.Bytes()
	}, true},
	"zip": {func(t fataler, data []byte) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.Create("inside.txt")
		must(t, err)
		_, err = f.Write(data)
		must(t, errors.Join(err, w.Close()))
		return b.Bytes()
	}, true},
}

// leaves are the names and texts that a file holds.
func leaves(t fataler, path string) (map[string]string, error) {
	found := map[string]string{}
	err := Walk(path, "file", nil, func(l *Leaf) error {
		text, err := io.ReadAll(l)
		found[l.Name] = string(text)
		return err
	})
	return found, err
}

func keep(t fataler, dir string, data []byte) string {
	path := filepath.Join(dir, "file")
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

// A text comes out of archives as it went in, however they are put into one another, up to a depth.
func TestArchivesInArchives(t *testing.T) {
	dir := t.TempDir()
	names := []string{"gzip", "zstd", "tar", "zip"}
	rapid.Check(t, func(t *rapid.T) {
		text := "row " + rapid.StringMatching(`[a-z0-9{}" \n]{0,200}`).Draw(t, "text")
		data, name := []byte(text), "file"
		var kinds []string
		for range rapid.IntRange(0, maxNesting).Draw(t, "depth") {
			kind := rapid.SampledFrom(names).Draw(t, "kind")
			data, kinds = packers[kind].pack(t, data), append(kinds, kind)
			if packers[kind].keeps {
				name += ":inside.txt"
			}
		}
		found, err := leaves(t, keep(t, dir, data))
		must(t, err)
		if diff := cmp.Diff(map[string]string{name: text}, found); diff != "" {
			t.Fatalf("%v: %s", kinds, diff)
		}
	})
	deep := []byte("row")
	for range maxNesting + 1 {
		deep = packers["gzip"].pack(t, deep)
	}
	if _, err := leaves(t, keep(t, dir, deep)); err == nil || !strings.Contains(err.Error(), "nested too deep") {
		t.Errorf("%v", err)
	}
}

// Every encoding of a text that Windows writes is UTF-8 in the end.
func TestEncodings(t *testing.T) {
	const text = "größe 😁 {\"a\":1}\nsecond line\n"
	wide := func(order binary.AppendByteOrder, mark bool) []byte {
		var out []byte
		if mark {
			out = order.AppendUint16(out, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, u)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"UTF-8":                          []byte(text),
		"UTF-8 with a mark":              []byte("\xef\xbb\xbf" + text),
		"UTF-16 of Windows":              wide(binary.LittleEndian, true),
		"UTF-16 of Windows without mark": wide(binary.LittleEndian, false),
		"UTF-16 the other way round":     wide(binary.BigEndian, true),
		"UTF-16 so without mark":         wide(binary.BigEndian, false),
	} {
		t.Run(name, func(t *testing.T) {
			found, err := leaves(t, keep(t, t.TempDir(), data))
			if diff := cmp.Diff(map[string]string{"file": text}, found); err != nil || diff != "" {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
	t.Run("lines that end with a carriage return", func(t *testing.T) {
		found, err := leaves(t, keep(t, t.TempDir(), []byte("a\rb\r")))
		if err != nil || found["file"] != "a\nb\n" {
			t.Errorf("%q, %v", found, err)
		}
	})
}

// A file that was made to fill the disk ends in an error, and what is cut off in another.
func TestHostileAndBrokenArchives(t *testing.T) {
	t.Run("a bomb", func(t *testing.T) {
		_, err := leaves(t, keep(t, t.TempDir(), packers["gzip"].pack(t, make([]byte, bombFloor+bombFloor/2))))
		if !errors.Is(err, errBomb) {
			t.Errorf("%v", err)
		}
	})
	for name, p := range packers {
		t.Run("half of "+name, func(t *testing.T) {
			var text strings.Builder
			for i := range 4000 {
				fmt.Fprintln(&text, i*i)
			}
			data := p.pack(t, []byte(text.String()))
			found, err := leaves(t, keep(t, t.TempDir(), data[:len(data)/2]))
			var cut *CutError
			if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &cut) {
				t.Errorf("%v", err)
			}
			for _, part := range found {
				if !strings.HasPrefix(text.String(), part) {
					t.Errorf("what stands before the cut is not the beginning: %.60q", part)
				}
			}
		})
	}
}
