package budget

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// openV2 prepares the groups in the subtree that is delegated to this process. It returns why not, or why not all.
func (h *Holder) openV2(own string) (reasons []string) {
	if filepath.Base(own) == supervisorLeaf {
		own = filepath.Dir(own) // where an earlier Open, or the unit's DelegateSubgroup, has put this process
	}
	have := wordsOf(own, "cgroup.controllers")
	p := place{version: 2, cpu: slices.Contains(have, "cpu"), memory: slices.Contains(have, "memory")}
	if !p.cpu && !p.memory {
		return []string{"cgroup v2 has no controller cpu or memory in " + own}
	}
	folder, err := h.delegate(own, &p)
	if err != nil {
		return []string{"cgroup v2: " + err.Error()}
	}
	p.folder = folder
	h.places = append(h.places, p)
	for _, missing := range []struct {
		name string
		held bool
	}{{"cpu", p.cpu}, {"memory", p.memory}} {
		if !missing.held {
			reasons = append(reasons, "cgroup v2 has no controller "+missing.name+" in "+own)
		}
	}
	return reasons
}

// delegate takes over the group: it empties it of this process, and passes the controllers on to the groups of instances.
func (h *Holder) delegate(own string, p *place) (string, error) {
	if !isRootGroup(own) {
		if err := h.leave(own); err != nil {
			return "", err
		}
	}
	if err := pass(own, p); err != nil {
		return "", err
	}
	folder, err := h.prepare(own)
	if err != nil {
		return "", err
	}
	return folder, pass(folder, p)
}

// isRootGroup reports whether a group is the root of all: it alone may hold processes beside children, and has no type.
func isRootGroup(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "cgroup.type"))
	return err != nil
}

// leave moves this process into a leaf of its own. Other processes are not this program's to move.
func (h *Holder) leave(own string) error {
	pids, err := processes(own)
	if err != nil {
		return err
	}
	self := os.Getpid()
	if others := slices.DeleteFunc(slices.Clone(pids), func(p int) bool { return p == self }); len(others) > 0 {
		return fmt.Errorf("%s holds other processes too (%v), and a group with children may hold none", own, others)
	}
	leaf := filepath.Join(own, supervisorLeaf)
	if err := h.make(leaf); err != nil && !os.IsExist(err) {
		return err
	}
	if len(pids) == 0 {
		return nil
	}
	return write(leaf, "cgroup.procs", strconv.Itoa(self))
}

// pass hands the controllers on to the children of a group, each for itself, so that one that is refused does not cost the other.
func pass(folder string, p *place) error {
	var last error
	enable := func(name string, have *bool) {
		if !*have || slices.Contains(wordsOf(folder, "cgroup.subtree_control"), name) {
			return
		}
		if err := write(folder, "cgroup.subtree_control", "+"+name); err != nil {
			*have, last = false, err
		}
	}
	enable("cpu", &p.cpu)
	enable("memory", &p.memory)
	if p.cpu || p.memory {
		return nil
	}
	return last
}

// limitV2 sets the limits of a group. https://docs.kernel.org/admin-guide/cgroup-v2.html
func limitV2(p place, size Size) error {
	if p.cpu && size.CPU > 0 {
		if err := write(p.folder, "cpu.max", fmt.Sprintf("%d %d", quota(size.CPU), period)); err != nil {
			return err
		}
	}
	if p.memory && size.Memory > 0 {
		return write(p.folder, "memory.max", strconv.FormatInt(size.Memory, 10))
	}
	return nil
}

func usageV2(p place, u *Usage) {
	stat := figures(p.folder, "cpu.stat") // usage_usec is there without the controller too
	u.CPU = micros(stat["usage_usec"])
	u.Periods, u.Throttled, u.ThrottledTime = stat["nr_periods"], stat["nr_throttled"], micros(stat["throttled_usec"])
	if p.memory {
		u.Memory = max(0, figure(p.folder, "memory.current")-figures(p.folder, "memory.stat")["inactive_file"])
		u.Peak = figure(p.folder, "memory.peak")
		u.OOMKills = figures(p.folder, "memory.events")["oom_kill"]
	}
}

// boundsV2 is what a group and all groups around it allow; 0: no bound.
func boundsV2(folder string) (cpu float64, memory int64) {
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "cgroup.procs")); err != nil {
			return cpu, memory
		}
		if words := wordsOf(folder, "cpu.max"); len(words) == 2 {
			q, err := strconv.ParseFloat(words[0], 64) // max: no bound
			per, _ := strconv.ParseFloat(words[1], 64)
			if err == nil && per > 0 {
				cpu = tighter(cpu, q/per)
			}
		}
		memory = tighter(memory, figure(folder, "memory.max"))
	}
}

func wordsOf(folder, file string) []string {
	data, _ := os.ReadFile(filepath.Join(folder, file))
	return strings.Fields(string(data))
}
