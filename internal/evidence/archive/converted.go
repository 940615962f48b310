package archive

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// converted calls f with a binary form as text, which is written while it is read. A library that trips over a damaged file
// costs that file alone.
func (w *walker) converted(name, what string, write func(io.Writer) error) error {
	r, pipe := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		out := bufio.NewWriterSize(pipe, HeadSize)
		err := guarded(func() error { return write(out) })
		if flushed := out.Flush(); err == nil {
			err = flushed
		}
		pipe.CloseWithError(conversionError(what, err))
	}()
	err := w.f(&Leaf{Reader: bufio.NewReaderSize(r, HeadSize), Name: name})
	r.Close() // a reader that has seen enough ends the writing
	<-written // which reads from what the caller is about to use again
	return err
}

// conversionError says what was attempted. The end of a file within something is a file that is cut off; what else a library
// reports is an error of its own, not the end of the text.
func conversionError(what string, err error) error {
	switch {
	case err == nil || errors.Is(err, io.ErrClosedPipe):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w", what, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%s: %v", what, err) //nolint:errorlint // see above
}

// guarded makes an error of a panic.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errDamaged
		}
	}()
	return f()
}

var errDamaged = errors.New("it is damaged: export it again")

// fileOf makes a stream a file that can be read at any place: a file on disk itself, an entry of an archive as a copy. Call done
// after use.
func fileOf(r io.Reader, in *bufio.Reader) (file *os.File, done func(), err error) {
	if c, ok := r.(*counted); ok {
		return c.File, func() {}, nil
	}
	spooled, err := spool(in)
	if err != nil {
		return nil, nil, err
	}
	return spooled, func() {
		spooled.Close()
		os.Remove(spooled.Name())
	}, nil
}
