package supervisor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"causeway/internal/admin"
	"causeway/internal/gateway"
	"causeway/internal/gateway/document"
)

// readFiles reads a document, the parameters of one that is a template, and its causeway.yaml. unread is why there is no
// document, which matters only to those who need one.
func readFiles(o Options) (c admin.Config, unread, err error) {
	c = admin.Config{Source: document.Source{Local: []byte{}}}
	unread = errNoDocument
	if o.Config != "" {
		if c.Document, unread = os.ReadFile(o.Config); unread != nil {
			unread = fmt.Errorf("read the gateway document: %w", unread)
		}
	}
	if o.Parameters != "" {
		if c.Parameters, err = os.ReadFile(o.Parameters); err != nil {
			return c, unread, fmt.Errorf("read the parameters of the template: %w", err)
		}
	}
	c.Local, c.Dir, err = readLocal(o)
	return c, unread, err
}

// readLocal reads causeway.yaml, and returns the folder that paths in it are relative to.
func readLocal(o Options) (text []byte, dir string, err error) {
	file := localFile(o)
	text, err = os.ReadFile(file)
	if o.Local == "" && errors.Is(err, fs.ErrNotExist) {
		return []byte{}, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("read causeway.yaml: %w", err)
	}
	dir, err = filepath.Abs(filepath.Dir(file))
	return text, dir, err
}

// localFile is where causeway.yaml is. Without an option there may be one in which the management API has kept settings.
func localFile(o Options) string {
	return cmp.Or(o.Local, filepath.Join(o.Data, "api", "causeway.yaml"))
}

// errNoDocument is returned where neither the store nor the command line has a document.
var errNoDocument = &OptionError{
	"serve", "it needs a gateway document, because the store of the data directory is empty", "give one with --config FILE",
}

// Reload reads the files again, serves them, and writes the document into the store. An error, an *admin.Refusal, changes
// nothing; nor does a ctx that ends first.
func (s *Supervisor) Reload(ctx context.Context) ([]gateway.Problem, error) {
	c, unread, err := readFiles(s.o)
	if err == nil && s.o.Config != "" {
		err = unread
	}
	if err != nil {
		return nil, refusal(err)
	}
	before := s.revisionNow()
	problems, err := s.applyFor(ctx, "SIGHUP", "the files were read again", c)
	if err != nil {
		return problems, err
	}
	if before != s.fromFiles && s.revisionNow() != before { // somebody may count on what is gone
		slog.Warn("the files have replaced what was applied since; causeway config history shows it", "document", s.o.Config,
			"replaced", before, "revision", s.revisionNow())
	}
	s.fromFiles = s.revisionNow()
	return problems, nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
