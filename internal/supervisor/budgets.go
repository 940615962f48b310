package supervisor

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"

	"causeway/internal/budget"
	"causeway/internal/gateway"
	"causeway/internal/process"
)

// budgets hold the instances to their size.
type budgets struct {
	holder *budget.Holder

	mu     sync.Mutex
	groups map[int]*budget.Group // by process id
	unheld string                // why the last one is not held
}

// openBudgets finds out what can be held here. The data directory names the groups of one gateway.
func openBudgets(data string) (*budgets, error) {
	if abs, err := filepath.Abs(data); err == nil {
		data = abs
	}
	sum := sha256.Sum256([]byte(data))
	h, err := budget.Open(budget.Options{Name: "causeway-" + hex.EncodeToString(sum[:4])})
	if err != nil {
		return nil, fmt.Errorf("prepare the budgets of instances: %w", err)
	}
	return &budgets{holder: h, groups: map[int]*budget.Group{}}, nil
}

// groupName is that of an instance's group: two of one number run beside each other while one replaces the other.
func groupName(number, pid int) string { return fmt.Sprintf("instance-%d-%d", number, pid) }

// hold holds an instance that has just started. One that cannot be held serves all the same: State says so.
func (b *budgets) hold(number, pid int, size gateway.Size) (problem error) {
	g, err := b.holder.Hold(groupName(number, pid), pid, size)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unheld = ""
	if err != nil {
		b.unheld = err.Error()
		slog.Warn("the budget of an instance is not held", "number", number, "error", err)
		return err
	}
	b.groups[pid] = g
	return nil
}

// adopt finds the group of an instance that another supervisor has started.
func (b *budgets) adopt(p *process.Process) {
	g, err := b.holder.Adopt(groupName(p.Number, p.PID))
	if err != nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.groups[p.PID] = g
}

// of is the group of an instance; nil: it has none.
func (b *budgets) of(pid int) *budget.Group {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.groups[pid]
}

// release removes the group of an instance that has ended, and returns what it used.
func (b *budgets) release(pid int) (last budget.Usage) {
	b.mu.Lock()
	g := b.groups[pid]
	delete(b.groups, pid)
	b.mu.Unlock()
	if g == nil {
		return last
	}
	last, _ = g.Usage()
	if err := g.Remove(); err != nil {
		slog.Warn("the control group of an instance that has ended cannot be removed", "pid", pid, "error", err)
	}
	return last
}

// state says what is held.
func (b *budgets) state() budget.State {
	s := b.holder.State()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.unheld != "" {
		s.CPUHeld, s.MemoryHeld, s.Why = false, false, b.unheld
	}
	return s
}
