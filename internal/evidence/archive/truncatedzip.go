package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// truncatedZip reads a zip without its end, which lists the entries: where a download broke off it is missing. Entries are then
// found from the front, for each has a header before it.
type truncatedZip struct {
	w     *walker
	name  string
	file  io.ReaderAt
	size  int64
	depth int
	last  string // entry that was read
}

// CutError says where an archive ends too soon.
type CutError struct {
	at   int64
	what string
}

func (c *CutError) Error() string {
	return fmt.Sprintf("the archive is cut off after %d bytes, %s: copy it again; Causeway read the part before the cut", c.at, c.what)
}

// Signatures of a zip.
const (
	zipEntryMark      = "PK\x03\x04"
	zipDescriptorMark = "PK\x07\x08"
	zipDirectoryMark  = "PK\x01\x02"
)

// read unpacks entry after entry. An unreadable one does not stop those after it.
func (z *truncatedZip) read() error {
	var failed error
	for at := int64(0); ; {
		h, err := headerAt(z.file, at)
		if err != nil {
			return also(z.end(at), failed)
		}
		z.last = h.name
		next, err := z.entry(h)
		if next < 0 {
			return also(err, failed)
		}
		failed, at = cmp.Or(failed, err), next
	}
}

// also is both errors, where there are two.
func also(err, more error) error {
	if more == nil {
		return err
	}
	return fmt.Errorf("%w; %w", err, more)
}

// end says what is at a place where no entry begins.
func (z *truncatedZip) end(at int64) error {
	switch {
	case z.marks(at, zipDirectoryMark):
		return &CutError{z.size, "in its table of contents"}
	case z.size-at < localHeaderSize || z.marks(at, zipEntryMark):
		return &CutError{z.size, "behind " + z.last}
	}
	return fmt.Errorf("the archive is damaged at byte %d, after %s: copy it again; Causeway read the part before", at, z.last)
}

// marks reports whether a signature stands at a place.
func (z *truncatedZip) marks(at int64, signature string) bool {
	var b [4]byte
	_, err := z.file.ReadAt(b[:], at)
	return err == nil && string(b[:]) == signature
}

// entry unpacks one, and returns where the next header ought to be; less than 0 if there can be none.
func (z *truncatedZip) entry(h *localHeader) (next int64, err error) {
	m := &metered{r: io.NewSectionReader(z.file, h.begins, z.size-h.begins)}
	in := bufio.NewReaderSize(m, HeadSize)
	taken := func() int64 { return m.n - int64(in.Buffered()) }
	length, lost := h.packed, error(nil)
	data, err := h.open(in)
	if err == nil {
		g := &guard{r: data, packed: taken}
		err = z.handOn(h, g, taken)
		if length < 0 { // where it ends shows once it is unpacked
			_, lost = io.Copy(io.Discard, g)
			length = taken()
		}
	}
	switch {
	case errors.Is(lost, io.ErrUnexpectedEOF), length > z.size-h.begins:
		return -1, z.cut(h)
	case length < 0, lost != nil:
		return -1, fmt.Errorf("%s: %w", h.name, cmp.Or(lost, err))
	case err != nil:
		err = fmt.Errorf("%s: %w", h.name, err)
	}
	return z.behind(h.begins + length), err
}

func (z *truncatedZip) handOn(h *localHeader, data io.Reader, taken func() int64) error {
	if strings.HasSuffix(h.name, "/") { // a folder
		return nil
	}
	return z.w.stream(z.name+":"+h.name, data, taken, z.depth+1)
}

func (z *truncatedZip) cut(h *localHeader) error {
	return &CutError{z.size, "in the middle of " + h.name}
}

// behind is the place behind data that end there, and behind the descriptor that may follow them.
func (z *truncatedZip) behind(end int64) int64 {
	for _, descriptor := range []int64{0, 16, 24, 12, 20} { // with its mark or without, for sizes of 32 bits or of 64
		if z.marks(end+descriptor, zipEntryMark) || z.marks(end+descriptor, zipDirectoryMark) {
			return end + descriptor
		}
	}
	return end
}

// localHeader is what stands before an entry.
type localHeader struct {
	name   string
	flags  uint16
	method uint16
	packed int64 // bytes that it takes; -1: a descriptor behind it says so
	begins int64 // first byte of its data
}

const (
	localHeaderSize = 30
	sizesElsewhere  = 1<<32 - 1
)

// headerAt reads the header at a place.
func headerAt(file io.ReaderAt, at int64) (*localHeader, error) {
	var b [localHeaderSize]byte
	if _, err := file.ReadAt(b[:], at); err != nil {
		return nil, err
	}
	if string(b[:4]) != zipEntryMark {
		return nil, errors.New("no entry of a zip begins here")
	}
	number := binary.LittleEndian.Uint16
	name, extra := int(number(b[26:])), int(number(b[28:]))
	rest := make([]byte, name+extra)
	if _, err := file.ReadAt(rest, at+localHeaderSize); err != nil {
		return nil, err
	}
	h := &localHeader{
		name:   string(rest[:name]),
		flags:  number(b[6:]),
		method: number(b[8:]),
		begins: at + localHeaderSize + int64(len(rest)),
	}
	h.packed = int64(binary.LittleEndian.Uint32(b[18:]))
	if h.packed == sizesElsewhere {
		h.packed = largeSize(rest[name:])
	}
	if h.flags&8 != 0 && h.packed == 0 {
		h.packed = -1
	}
	return h, nil
}

// largeSize finds the size of an entry beyond 4 GiB among what a header holds in addition.
func largeSize(extra []byte) int64 {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		if id == 1 && n >= 16 {
			return int64(binary.LittleEndian.Uint64(extra[8:]))
		}
		extra = extra[n:]
	}
	return -1
}

// open reads what the entry holds.
func (h *localHeader) open(in *bufio.Reader) (io.Reader, error) {
	switch {
	case h.flags&1 != 0:
		return nil, errors.New("it is encrypted")
	case h.method == 0 && h.packed >= 0:
		return &declaredEntry{r: in, left: h.packed}, nil
	case h.method == 0:
		return &untilDescriptor{in: in}, nil
	case h.method == 8 && h.packed >= 0:
		return flate.NewReader(io.LimitReader(in, h.packed)), nil
	case h.method == 8: // it says itself where it ends
		return flate.NewReader(in), nil
	}
	return nil, fmt.Errorf("its compression method %d is not supported", h.method)
}

// declaredEntry reads as many bytes as the header declares. Fewer are an unexpected end.
type declaredEntry struct {
	r    io.Reader
	left int64
}

func (p *declaredEntry) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n, err := p.r.Read(b[:min(int64(len(b)), p.left)])
	if p.left -= int64(n); errors.Is(err, io.EOF) && p.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// untilDescriptor reads bytes that are stored as they are, up to a descriptor that says just as many.
type untilDescriptor struct {
	in *bufio.Reader
	n  uint32 // of them so far; sizes beyond 4 GiB are compared by their lower half
}

const (
	descriptorSize = 12 // as far as the first size
	descriptorAt   = 8  // begins that size
)

func (u *untilDescriptor) Read(p []byte) (int, error) {
	head, err := u.in.Peek(min(len(p)+descriptorSize, u.in.Size()))
	if len(head) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	if u.endsAt(head) {
		return 0, io.EOF
	}
	n := len(head)
	if i := bytes.Index(head[1:], []byte(zipDescriptorMark)); i >= 0 {
		n = 1 + i
	} else if err == nil { // the last of them may be the beginning of a mark
		n -= len(zipDescriptorMark) - 1
	}
	n = copy(p, head[:n])
	u.n += uint32(n)
	_, err = u.in.Discard(n)
	return n, err
}

func (u *untilDescriptor) endsAt(b []byte) bool {
	return len(b) >= descriptorSize && string(b[:4]) == zipDescriptorMark && binary.LittleEndian.Uint32(b[descriptorAt:]) == u.n
}
