package main

import (
	"fmt"
	"os"
	"syscall"

	"causeway/internal/evidence"
)

// becomeOwner lets a command that root runs go on as the owner of the data directory: the gateway could not read what root
// writes there. What a command needs root's rights for comes before.
func becomeOwner(data string) error {
	info, err := os.Stat(data)
	if err != nil || os.Geteuid() != 0 {
		return nil // there is no directory yet, or the system itself refuses
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	err = syscall.Setgroups(nil)
	if err == nil {
		err = syscall.Setgid(int(owner.Gid))
	}
	if err == nil {
		err = syscall.Setuid(int(owner.Uid))
	}
	if err != nil {
		return &exitError{
			exitFailed, fmt.Errorf("become the user %d, to whom %s belongs: %w", owner.Uid, evidence.Printable(data), err),
			"run the command as that user",
		}
	}
	return nil
}
