package archive

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// zip needs to be read from its end, so one inside another archive is kept in a file meanwhile.
func (w *walker) zip(name string, r io.Reader, in *bufio.Reader, depth int) error {
	file, done, err := fileOf(r, in)
	if err != nil {
		return err
	}
	defer done()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	z, err := zip.NewReader(file, info.Size())
	if errors.Is(err, zip.ErrFormat) || err == nil && !lists(z, file) {
		c := &truncatedZip{w: w, name: name, file: file, size: info.Size(), depth: depth}
		return c.read()
	}
	if err != nil {
		return fmt.Errorf("unpack zip: %w", err)
	}
	if isWorkbook(z) {
		return w.workbook(name, file, info.Size())
	}
	var failed error
	for _, entry := range z.File {
		if entry.FileInfo().IsDir() {
			continue
		}
		if err := w.zipEntry(name, entry, depth); err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", entry.Name, err)
		}
	}
	return failed
}

// lists reports whether a table of contents is of the zip that begins here: of one that is cut off, it may be that of a
// zip inside.
func lists(z *zip.Reader, file io.ReaderAt) bool {
	first, err := headerAt(file, 0)
	return err == nil && slices.ContainsFunc(z.File, func(f *zip.File) bool {
		at, err := f.DataOffset()
		return err == nil && at == first.begins
	})
}

func (w *walker) zipEntry(name string, entry *zip.File, depth int) error {
	from, err := entry.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	packed := func() int64 { return int64(entry.CompressedSize64) }
	return w.stream(name+":"+entry.Name, &guard{r: from, packed: packed}, packed, depth+1)
}

// spoolMax bounds an archive inside an archive.
const spoolMax = 4 << 30

func spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "causeway-unpack-")
	if err != nil {
		return nil, fmt.Errorf("keep an archive: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, spoolMax))
	if errors.Is(err, io.ErrUnexpectedEOF) { // the archive around it is cut off, which is reported there
		err = nil
	}
	if err != nil || n == spoolMax {
		f.Close()
		os.Remove(f.Name())
		if err == nil {
			err = errors.New("the archive inside is too large")
		}
		return nil, fmt.Errorf("keep an archive: %w", err)
	}
	return f, nil
}
