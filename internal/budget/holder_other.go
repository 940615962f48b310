//go:build !linux

package budget

import (
	"os"
	"runtime"
)

// Holder holds nothing on this system.
type Holder struct{}

// Group is an instance without a group.
type Group struct{ pid int }

// Open finds no way to hold budgets on this system.
func Open(Options) (*Holder, error) { return &Holder{}, nil }

// State says that nothing is held.
func (*Holder) State() State {
	return State{How: soft, Why: runtime.GOOS + " has no control groups"}
}

// Machine is the number of processors; the memory is not known.
func (*Holder) Machine() Machine { return Machine{CPU: float64(runtime.NumCPU())} }

// Fits compares instances with the machine.
func (h *Holder) Fits(instances int, size Size) (problem string, ok bool) {
	return h.Machine().Fits(instances, size)
}

// Hold notes the process.
func (*Holder) Hold(name string, pid int, _ Size) (*Group, error) {
	return &Group{pid}, checkName(name)
}

// Left finds no groups.
func (*Holder) Left() ([]Left, error) { return nil, nil }

// Adopt finds no group.
func (*Holder) Adopt(string) (*Group, error) { return nil, os.ErrNotExist }

// RemoveEmpty has nothing to remove.
func (*Holder) RemoveEmpty() []string { return nil }

// Close has nothing to remove.
func (*Holder) Close() {}

// Held is what is held of the group: nothing.
func (*Group) Held() (cpu, memory bool) { return false, false }

// Usage is not known.
func (*Group) Usage() (Usage, error) { return Usage{}, nil }

// Remove has nothing to remove.
func (*Group) Remove() error { return nil }
