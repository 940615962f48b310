package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"causeway/internal/evidence"
	"causeway/internal/redact"
)

func redactCommand() *cobra.Command {
	var bundle string
	cmd := &cobra.Command{
		Use:   "redact PATH...",
		Short: "Replace names and addresses in evidence by pseudonyms",
		Args:  arguments("the path of the evidence"),
		RunE:  func(cmd *cobra.Command, paths []string) error { return redactPaths(cmd, paths, bundle) },
	}
	cmd.Flags().StringVar(&bundle, "bundle", "redacted.tar.gz", "file for the redacted bundle")
	return cmd
}

// redactPaths writes a bundle of evidence that can be shared.
func redactPaths(cmd *cobra.Command, paths []string, to string) (err error) {
	if len(paths) == 0 {
		return &exitError{
			code: exitUsage, err: errors.New("redact: no evidence was given"),
			hint: "causeway redact gw1.tar.gz --bundle gw1-redacted.tar.gz",
		}
	}
	if to == "" {
		to = "redacted.tar.gz"
	}
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
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("draw a key: %w", err)}
	}
	r := redact.New(key)
	err = r.Redact(paths, f)
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
		return &exitError{code: exitFailed, err: err, hint: "nothing was written"}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s is ready. Look into it before you share it: names of pools, rules and settings are kept.\n",
		evidence.Printable(to))
	return nil
}
