package budget

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Holder makes a control group for each instance, where it can.
type Holder struct {
	name   string
	root   string
	places []place // where groups are made; none: nothing is held
	state  State
	make   func(folder string) error // make a group; a seam for tests: the kernel fills a new group with files
	drop   func(folder string) error
}

// place is a folder of a control-group hierarchy below which instances have a group each.
type place struct {
	folder  string // of the gateway: its parent is Causeway's own group
	version int    // of cgroup: 1 or 2
	cpu     bool   // holds CPU
	memory  bool   // holds memory
	account bool   // v1: counts processor time
}

// Open finds out how budgets can be held here, and prepares the groups: with cgroup v2 it moves this process into a group of its own,
// because a group that has children may hold no processes. An error says that the options are wrong. That nothing can be held is no
// error: State says so.
func Open(o Options) (*Holder, error) {
	h := &Holder{
		name: o.Name,
		root: o.Root,
		make: func(folder string) error { return os.Mkdir(folder, 0o755) },
		drop: os.Remove,
	}
	return h, h.open()
}

func (h *Holder) open() error {
	if err := checkName(h.name); err != nil {
		return fmt.Errorf("name the groups %q: %w", h.name, err)
	}
	own, err := readHierarchies(h.root)
	if err != nil {
		h.state = State{How: soft, Why: "the control groups of this process cannot be read: " + err.Error()}
		return nil
	}
	var reasons []string
	if own.v2 != "" {
		reasons = append(reasons, h.openV2(own.v2)...)
	}
	if len(own.v1) > 0 {
		reasons = append(reasons, h.openV1(own)...)
	}
	h.settle(reasons)
	return nil
}

// settle writes down what is held, and the reasons for what is not.
func (h *Holder) settle(reasons []string) {
	var how []string
	for _, p := range h.places {
		h.state.CPUHeld = h.state.CPUHeld || p.cpu
		h.state.MemoryHeld = h.state.MemoryHeld || p.memory
		if p.cpu || p.memory {
			how = append(how, fmt.Sprintf("cgroup v%d below %s", p.version, filepath.Dir(p.folder)))
		}
	}
	h.state.How = strings.Join(how, ", ")
	if len(how) == 0 {
		h.state.How = soft
	}
	if h.state.CPUHeld && h.state.MemoryHeld {
		return
	}
	if len(reasons) == 0 {
		reasons = []string{"no control groups with the controllers cpu and memory are mounted"}
	}
	h.state.Why = strings.Join(reasons, "; ") + ". " + remedy
}

const remedy = "Under systemd the unit needs Delegate=cpu memory and ProtectControlGroups=no, as packaging/causeway.service has them; " +
	"from a shell, start it with systemd-run -p \"Delegate=cpu memory\". With cgroup v1 the user that runs Causeway must own its group. " +
	"A container needs /sys/fs/cgroup mounted writable"

// State says what is held.
func (h *Holder) State() State { return h.state }

// holds reports whether a resource is held already.
func (h *Holder) holds(cpu, memory bool) bool {
	return slices.ContainsFunc(h.places, func(p place) bool { return cpu && p.cpu || memory && p.memory })
}

// prepare makes the folder of the gateway below Causeway's own group, if it is not there yet.
func (h *Holder) prepare(own string) (string, error) {
	folder := filepath.Join(own, h.name)
	if err := h.make(folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return folder, nil
}

// Hold makes the group of an instance, sets its limits, and moves the process into it with all of its threads. The name is the
// instance's, unique among the instances of this gateway: letters, digits, - and _. A group of this name without processes is used
// again; one with other processes is ErrBusy.
//
// Where nothing can be held the group only counts what the process uses. An error leaves the process where it was.
func (h *Holder) Hold(name string, pid int, size Size) (*Group, error) {
	if err := checkName(name); err != nil {
		return nil, fmt.Errorf("hold instance %q: %w", name, err)
	}
	g := &Group{pid: pid, root: h.root, drop: h.drop, name: name}
	for _, p := range h.places {
		p.folder = filepath.Join(p.folder, name)
		if err := h.join(p, pid, size); err != nil {
			return nil, errors.Join(fmt.Errorf("hold instance %s in %s: %w", name, p.folder, err), g.undo(pid))
		}
		g.places = append(g.places, p)
	}
	return g, nil
}

// join makes one group, limits it, and moves the process.
func (h *Holder) join(p place, pid int, size Size) error {
	if err := h.make(p.folder); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	others, err := processes(p.folder)
	if err != nil {
		return err
	}
	if len(others) > 0 && !slices.Equal(others, []int{pid}) {
		return fmt.Errorf("%w: %v", ErrBusy, others)
	}
	err = limit(p, size)
	if err == nil {
		err = write(p.folder, "cgroup.procs", strconv.Itoa(pid))
	}
	if err != nil && len(others) == 0 {
		return errors.Join(err, h.drop(p.folder))
	}
	return err
}

// Left lists the groups that an earlier supervisor of this gateway made, by name.
func (h *Holder) Left() ([]Left, error) {
	byName := map[string][]int{}
	for _, p := range h.places {
		entries, err := os.ReadDir(p.folder)
		if err != nil {
			return nil, fmt.Errorf("list the groups: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			pids, err := processes(filepath.Join(p.folder, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("list the processes of %s: %w", e.Name(), err)
			}
			byName[e.Name()] = append(byName[e.Name()], pids...)
		}
	}
	var left []Left
	for name, pids := range byName {
		slices.Sort(pids)
		left = append(left, Left{name, slices.Compact(pids)})
	}
	slices.SortFunc(left, func(a, b Left) int { return strings.Compare(a.Name, b.Name) })
	return left, nil
}

// Adopt takes up the group of an instance that outlived its supervisor, with the limits that it has. Without such a group the error is
// fs.ErrNotExist.
func (h *Holder) Adopt(name string) (*Group, error) {
	g := &Group{root: h.root, drop: h.drop, name: name}
	for _, p := range h.places {
		p.folder = filepath.Join(p.folder, name)
		pids, err := processes(p.folder)
		if err != nil {
			continue
		}
		if len(pids) > 0 {
			g.pid = pids[0]
		}
		g.places = append(g.places, p)
	}
	if len(g.places) == 0 {
		return nil, fmt.Errorf("adopt the group of instance %s: %w", name, fs.ErrNotExist)
	}
	return g, nil
}

// RemoveEmpty removes the groups whose processes are gone, and returns their names. Call it once all instances that live are adopted.
func (h *Holder) RemoveEmpty() []string {
	var removed []string
	left, err := h.Left()
	if err != nil {
		return nil
	}
	for _, l := range left {
		if len(l.PIDs) > 0 {
			continue
		}
		if g, err := h.Adopt(l.Name); err == nil && g.Remove() == nil {
			removed = append(removed, l.Name)
		}
	}
	return removed
}

// Close removes the folder of the gateway where no instance has a group any more. Nothing can be held afterwards.
func (h *Holder) Close() {
	h.RemoveEmpty()
	for _, p := range h.places {
		_ = h.drop(p.folder) // with groups in it, it is still in use
	}
}
