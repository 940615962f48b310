package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"causeway/internal/admin"
	"causeway/internal/evidence"
	"causeway/internal/store"
	"causeway/internal/store/keep"
	"causeway/internal/supervisor"
)

func backupCommand() *cobra.Command {
	var data string
	var recipients []string
	var force bool
	cmd := &cobra.Command{
		Use:   "backup FILE|-",
		Short: "Write the configuration, its history and its secrets into one file",
		Args:  argument("a file, or - for standard output"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return runBackup(cmd, data, files[0], force, recipients)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the file")
	cmd.Flags().StringArrayVar(&recipients, "recipient", nil, "encrypt the backup for this `age1…` public key; may repeat")
	return cmd
}

func runBackup(cmd *cobra.Command, data, file string, force bool, recipients []string) error {
	if _, err := os.Stat(store.Within(data)); err != nil { // a backup of nothing would look like one
		return &exitError{
			exitFailed, fmt.Errorf("back up %s: no gateway has stored anything there", data),
			"give the data directory with --data",
		}
	}
	if _, err := os.Lstat(file); err == nil && !force {
		return &exitError{
			exitFailed, fmt.Errorf("write %s: the file exists already", file),
			"give another file, or --force to overwrite it",
		}
	}
	if file == "-" {
		return fromStore(cmd, data, func(ctx context.Context, backup backupSource) error {
			return backup(ctx, cmd.OutOrStdout(), recipients)
		})
	}
	if err := writeBackup(cmd, data, file, recipients); err != nil {
		return err
	}
	return writeLine(cmd.OutOrStdout(), "the backup is in "+evidence.Printable(file)+"; whoever reads it reads the secrets of the gateway"+
		encryptedFor(recipients))
}

func encryptedFor(recipients []string) string {
	if len(recipients) == 0 {
		return ""
	}
	return ", with the key of a recipient"
}

// backupSource writes a whole store.
type backupSource func(ctx context.Context, w io.Writer, recipients []string) error

// fromStore calls f with the store of the gateway that runs on a data directory, or else with the one that lies there.
func fromStore(cmd *cobra.Command, data string, f func(context.Context, backupSource) error) error {
	client := admin.NewClient(supervisor.Socket(data))
	if _, err := client.Status(); err == nil {
		return storeError(f(cmd.Context(), client.Backup))
	}
	return withStore(cmd, data, func(ctx context.Context, s *store.Store) error {
		return f(ctx, func(ctx context.Context, w io.Writer, recipients []string) error {
			return s.Backup(ctx, w, recipients...)
		})
	})
}

// writeBackup writes a backup once it is whole. A failure leaves an older one alone.
func writeBackup(cmd *cobra.Command, data, file string, recipients []string) error {
	var whole bytes.Buffer
	err := fromStore(cmd, data, func(ctx context.Context, backup backupSource) error { return backup(ctx, &whole, recipients) })
	if err = errors.Join(err, becomeSelf()); err != nil { // the owner of the data may not write where the user may
		return err
	}
	if target, ok := replaceable(file); ok {
		err = keep.WriteFile(target, whole.Bytes())
	} else {
		err = writeThrough(file, whole.Bytes())
	}
	if err != nil {
		return &exitError{
			exitFailed, fmt.Errorf("write the backup: %w", err),
			"check the folder of the file, its rights and its free space, or give another file",
		}
	}
	return nil
}

// replaceable is where a rename puts a new file in place of file: there is none yet, or a regular one, perhaps behind links.
func replaceable(file string) (target string, ok bool) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return file, true
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", false
	}
	info, err := os.Lstat(target)
	return target, err == nil && info.Mode().IsRegular()
}

// writeThrough writes into a device or a pipe, which keeps its mode.
func writeThrough(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o600) // a link may lead to a file that does not exist
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func restoreCommand() *cobra.Command {
	var data, identity string
	cmd := &cobra.Command{
		Use:   "restore FILE|-",
		Short: "Make the data directory of a gateway out of a backup",
		Args:  argument("a backup, or - for standard input"),
		RunE: func(cmd *cobra.Command, files []string) error {
			return runRestore(cmd, data, files[0], identity)
		},
	}
	dataFlag(cmd, &data)
	cmd.Flags().StringVar(&identity, "identity", "", "file with the age identity that opens an encrypted backup")
	return cmd
}

func runRestore(cmd *cobra.Command, data, file, identity string) error {
	in := io.NopCloser(cmd.InOrStdin())
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return &exitError{exitFailed, fmt.Errorf("read the backup: %w", err), "check the name of the file"}
		}
		in = f
	}
	defer in.Close()
	var identities []byte
	if identity != "" {
		var err error
		if identities, err = os.ReadFile(identity); err != nil {
			return &exitError{exitFailed, fmt.Errorf("read the identity: %w", err), "check the name of the file"}
		}
	}
	if err := becomeOwner(data); err != nil {
		return err
	}
	revision, err := store.Restore(cmd.Context(), store.Within(data), in, string(identities))
	if err != nil {
		return storeError(err)
	}
	return writeLine(cmd.OutOrStdout(), fmt.Sprintf("restored into %s as revision %d", evidence.Printable(data), revision))
}

// storeTime is how long a command waits for the store: without a quorum it would wait forever.
const storeTime = time.Minute

// withStore does something with the store of a data directory.
func withStore(cmd *cobra.Command, data string, do func(context.Context, *store.Store) error) error {
	if err := becomeOwner(data); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), storeTime)
	defer cancel()
	s, err := store.Reach(ctx, store.Within(data))
	if err != nil {
		return storeError(err)
	}
	return storeError(errors.Join(do(ctx, s), s.Close()))
}

// withCluster is withStore for what only a cluster has, or nodes that share an external etcd.
func withCluster(cmd *cobra.Command, data string, do func(context.Context, *store.Store) error) error {
	err := withStore(cmd, data, func(ctx context.Context, s *store.Store) error {
		if s.Status().Mode == store.Single {
			return store.ErrNoCluster
		}
		return do(ctx, s)
	})
	if errors.Is(err, store.ErrInUse) { // only a single node cannot be reached while it runs
		return storeError(store.ErrNoCluster)
	}
	return err
}

// storeError says what to do about an error of the store.
func storeError(err error) error {
	if err == nil {
		return nil
	}
	exit := &exitError{code: exitFailed, err: err}
	var stranger *store.NotAdmittedError
	switch {
	case errors.As(err, &stranger):
		exit.hint = stranger.Hint()
	case errors.Is(err, store.ErrInUse):
		exit.hint = "stop the gateway that runs on this data directory first"
	case errors.Is(err, store.ErrNoCluster):
		exit.hint = "to begin one: stop the gateway, causeway cluster init --address ADDRESS, start it again; its configuration stays"
	case errors.Is(err, store.ErrNotEmpty):
		exit.hint = "move the folder store of the data directory away, or give another one with --data"
	case errors.Is(err, store.ErrMember):
		exit.hint = "causeway cluster leave makes the node forget its cluster"
	case errors.Is(err, context.DeadlineExceeded):
		exit.hint = "more than half of the members have to run: causeway cluster members on one that does"
	case errors.Is(err, store.ErrNoKey):
		exit.hint = "the file node.key of the data directory opens the store; bring it back from where it was moved to"
	}
	return exit
}
