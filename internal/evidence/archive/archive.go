// Package archive opens the files that evidence comes in: compressed, packed, cut off, or in a binary form. It turns
// whatever a file holds into streams of UTF-8 text, and bounds what a hostile archive may cost.
package archive

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// Leaf is a stream of plain text: what a file holds once it is unpacked.
type Leaf struct {
	*bufio.Reader
	Name  string
	Plain bool // it lies on disk as it is
	Sheet int  // of a workbook: the number of the sheet, from 0; 0 for anything else
}

// HeadSize is how much of a leaf is looked at to recognise it.
const HeadSize = 64 << 10

// maxNesting bounds archives inside archives.
const maxNesting = 4

// An archive is believed to expand by this factor at most, beyond a first amount: logs shrink by ten to fifty.
const (
	bombFactor = 300
	bombFloor  = 64 << 20
)

var errBomb = fmt.Errorf("it expands to more than %d times its size: the rest is not read", bombFactor)

// Walk calls f with every leaf that a file holds, in order. Unless nil, count receives the number of bytes of each read from
// the file.
func Walk(path, name string, count func(int), f func(*Leaf) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	w := walker{f: f}
	return w.stream(name, &counted{file, count}, nil, 0)
}

// counted reads a file and tells how far it is. It can be positioned, so that archives are skipped through and not read.
type counted struct {
	*os.File
	tell func(int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.File.Read(p)
	if c.tell != nil {
		c.tell(n)
	}
	return n, err
}

// WriteTo hides that of the file, which would not be counted.
func (c *counted) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

type walker struct{ f func(*Leaf) error }

// buffers are used again: one for each of very many small files is more work than reading them.
var buffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, HeadSize) }}

// stream unpacks r until plain text is left. packed returns the number of bytes on disk behind it so far; nil for a file itself.
func (w *walker) stream(name string, r io.Reader, packed func() int64, depth int) error {
	if depth > maxNesting {
		return errors.New("archives are nested too deep")
	}
	m := &metered{r: r}
	in := buffers.Get().(*bufio.Reader)
	in.Reset(m)
	defer func() {
		in.Reset(nil)
		buffers.Put(in)
	}()
	if packed == nil {
		packed = func() int64 { return m.n }
	}
	head, _ := in.Peek(512)
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(in)
		if err != nil {
			return fmt.Errorf("unpack gzip: %w", err)
		}
		return w.stream(name, &guard{r: z, packed: packed}, packed, depth+1)
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			return fmt.Errorf("unpack zstd: %w", err)
		}
		defer z.Close()
		return w.stream(name, &guard{r: z, packed: packed}, packed, depth+1)
	case bytes.HasPrefix(head, []byte("BZh")):
		return w.stream(name, &guard{r: bzip2.NewReader(in), packed: packed}, packed, depth+1)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return w.zip(name, r, in, depth)
	case bytes.HasPrefix(head, avroMagic):
		return w.avro(name, in)
	case bytes.HasPrefix(head, parquetMagic):
		return w.parquet(name, r, in)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return w.tar(name, r, in, packed, depth)
	}
	_, onDisk := r.(*counted)
	return w.f(&Leaf{Reader: utf8Text(in), Name: name, Plain: onDisk})
}

// metered counts what was read.
type metered struct {
	r io.Reader
	n int64
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// lastBlock remembers whether a tar ended with the mark of its end, a block of zeros: one that was cut between two entries
// has none.
type lastBlock struct {
	io.Reader
	zeros bool
}

const tarBlock = 512

func (l *lastBlock) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.zeros = n == tarBlock && len(bytes.Trim(p[:n], "\x00")) == 0
	}
	return n, err
}

// stream can be positioned where what it reads can be.
func (l *lastBlock) stream() io.Reader {
	if s, ok := l.Reader.(io.Seeker); ok {
		return struct {
			io.Reader
			io.Seeker
		}{l, s}
	}
	return l
}

func (l *lastBlock) marked() error {
	if !l.zeros {
		return io.ErrUnexpectedEOF
	}
	return nil
}

func (w *walker) tar(name string, r io.Reader, in *bufio.Reader, packed func() int64, depth int) error {
	var from io.Reader = in
	if c, ok := r.(*counted); ok { // a tar on disk is skipped through
		if _, err := c.Seek(0, io.SeekStart); err == nil {
			from = c
		}
	}
	end := &lastBlock{Reader: from}
	t := tar.NewReader(end.stream())
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return end.marked()
		}
		if err != nil {
			return fmt.Errorf("unpack tar: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := w.stream(name+":"+h.Name, t, packed, depth+1); err != nil {
			return fmt.Errorf("%s: %w", h.Name, err)
		}
	}
}

// guard stops an archive that was made to fill whatever unpacks it.
type guard struct {
	r      io.Reader
	out    int64
	packed func() int64 // bytes that it was made of so far
}

func (g *guard) Read(p []byte) (int, error) {
	if g.out > bombFloor && g.out > bombFactor*max(1, g.packed()) {
		return 0, errBomb
	}
	n, err := g.r.Read(p)
	g.out += int64(n)
	return n, err
}

// utf8Text drops a byte order mark, decodes UTF-16, which is what a redirect in Windows PowerShell writes, and ends lines with
// a line feed where they end with a carriage return alone.
func utf8Text(in *bufio.Reader) *bufio.Reader {
	head, _ := in.Peek(HeadSize)
	order, mark, wide := utf16Order(head)
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		in.Discard(3)
		head = head[3:]
	case wide:
		in.Discard(mark)
		in = bufio.NewReaderSize(unicode.UTF16(order, unicode.IgnoreBOM).NewDecoder().Reader(in), HeadSize)
		head, _ = in.Peek(HeadSize)
	}
	if bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 {
		return bufio.NewReaderSize(&returns{in: in}, HeadSize)
	}
	return in
}

// utf16Order is the order of the bytes of UTF-16, and how long its mark is; not ok for other text. Without a mark it shows in
// zeros in every other place, as ASCII has them.
func utf16Order(head []byte) (order unicode.Endianness, mark int, ok bool) {
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		return unicode.LittleEndian, 2, true
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		return unicode.BigEndian, 2, true
	}
	var zeros [2]int
	sample := head[:min(len(head), 512)&^1]
	for i, c := range sample {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(sample) / 2; {
	case most < 8:
		return order, 0, false
	case zeros[1] > most*9/10 && zeros[0] == 0:
		return unicode.LittleEndian, 0, true
	case zeros[0] > most*9/10 && zeros[1] == 0:
		return unicode.BigEndian, 0, true
	}
	return order, 0, false
}

// returns turns carriage returns into line feeds.
type returns struct{ in io.Reader }

func (r *returns) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}
