package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// ErrExposed is returned for a data directory in which others could put a control socket or a configuration of theirs.
var ErrExposed = errors.New("the data directory is not this user's alone")

// exposedError says who else may write where, and the command that fixes it.
type exposedError struct{ problem, mend string }

func (e *exposedError) Error() string   { return e.problem }
func (e *exposedError) Unwrap() error   { return ErrExposed }
func (e *exposedError) command() string { return e.mend }

// makeData makes the data directory and the folder of the logs, which only this user may write.
func makeData(data string) error {
	if err := os.MkdirAll(LogRoot(data), 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	for _, dir := range []string{data, LogRoot(data)} {
		if err := private(dir); err != nil {
			return err
		}
	}
	return nil
}

// private refuses a folder that somebody else owns or may write.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("look at the data directory: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o022 != 0 {
		return &exposedError{
			fmt.Sprintf("use the data directory %s: its mode is %04o, so that others can write there", dir, mode),
			fmt.Sprintf("take that from them: chmod go-w %q", dir),
		}
	}
	if owner, ok := ownerOf(info); ok && owner != os.Geteuid() && owner != 0 {
		return &exposedError{
			fmt.Sprintf("use the data directory %s: it belongs to user %d, and this is user %d", dir, owner, os.Geteuid()),
			fmt.Sprintf("make it this user's: chown %d %q; or give another one with --data", os.Geteuid(), dir),
		}
	}
	return nil
}

func ownerOf(info fs.FileInfo) (uid int, ok bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(s.Uid), true
}
