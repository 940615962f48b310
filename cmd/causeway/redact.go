package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/evidence"
	"causeway/internal/redact"
)

func redactCommand() *cobra.Command {
	var data, bundle, since string
	cmd := &cobra.Command{
		Use:   "redact [PATH...]",
		Short: "Replace names and addresses in evidence by pseudonyms",
		RunE: func(cmd *cobra.Command, paths []string) error {
			begin, err := moment("--since", since, time.Now())
			if err != nil {
				return err
			}
			paths = looked(paths, data)
			if bundle == "-" {
				return redactPaths(cmd, paths, begin, cmd.OutOrStdout())
			}
			return redactFile(cmd, paths, begin, cmp.Or(bundle, "redacted.tar.gz"))
		},
	}
	cmd.Flags().StringVar(&bundle, "bundle", "redacted.tar.gz", "file for the redacted bundle; - is standard output")
	cmd.Flags().StringVar(&since, "since", "", "leave out logs of the hours before this time, or before this long ago")
	dataFlag(cmd, &data)
	return cmd
}

// redactFile writes a bundle into a file, whole or not at all.
func redactFile(cmd *cobra.Command, paths []string, since time.Time, to string) (err error) {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return &exitError{
			code: exitFailed, err: fmt.Errorf("write the redacted bundle: %w", err),
			hint: "name another file with --bundle; an existing file is never overwritten",
		}
	}
	defer func() {
		if closed := f.Close(); err == nil && closed != nil {
			err = &exitError{code: exitFailed, err: fmt.Errorf("write the redacted bundle: %w", closed)}
		}
		if err != nil {
			os.Remove(to)
		}
	}()
	if err := redactPaths(cmd, paths, since, f); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s is ready. Look into it before you share it: names of pools, rules and settings are kept.\n",
		evidence.Printable(to))
	return nil
}

// redactPaths writes a bundle of evidence that can be shared.
func redactPaths(cmd *cobra.Command, paths []string, since time.Time, to io.Writer) error {
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("draw a key: %w", err)}
	}
	r := redact.New(key)
	r.Since = since
	err := r.Redact(paths, to)
	for _, name := range r.LeftOut() {
		fmt.Fprintf(cmd.ErrOrStderr(), "left out: %s: not evidence of a form that redaction understands\n", evidence.Printable(name))
	}
	if errors.Is(err, redact.ErrNothing) {
		return &exitError{
			code: exitFailed, err: fmt.Errorf("redact: %w; no bundle was written", err),
			hint: "give exports that causeway diagnose reads; docs/evidence.md lists them",
		}
	}
	if err != nil {
		return &exitError{code: exitFailed, err: err, hint: "no bundle was written"}
	}
	return nil
}
