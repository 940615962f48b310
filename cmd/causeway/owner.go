package main

import (
	"fmt"
	"os"
	"syscall"

	"causeway/internal/evidence"
)

// becomeOwner lets a command that root runs go on as the owner of the data directory: the gateway could not read what root
// writes there. becomeSelf gives the command root's rights back.
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
		err = syscall.Setregid(-1, int(owner.Gid))
	}
	if err == nil {
		err = syscall.Setreuid(-1, int(owner.Uid))
	}
	if err != nil {
		return &exitError{
			exitFailed, fmt.Errorf("become the user %d, to whom %s belongs: %w", owner.Uid, evidence.Printable(data), err),
			"run the command as that user",
		}
	}
	return nil
}

// becomeSelf lets a command go on as the user that runs it, whatever becomeOwner did.
func becomeSelf() error {
	if os.Geteuid() == os.Getuid() {
		return nil
	}
	err := syscall.Setreuid(-1, os.Getuid()) // first, because it takes root to change the group
	if err == nil {
		err = syscall.Setregid(-1, os.Getgid())
	}
	if err != nil {
		return &exitError{code: exitFailed, err: fmt.Errorf("become the user %d again: %w", os.Getuid(), err)}
	}
	return nil
}
