package budget

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// openV1 prepares groups in the hierarchies of cpu and memory, and counts processor time in that of cpuacct. Where cgroup v2 already
// holds a resource, v1 does not. It returns why not, or why not all.
func (h *Holder) openV1(own hierarchies) (reasons []string) {
	byFolder := map[string]int{}
	for _, c := range []string{"cpu", "memory", "cpuacct"} {
		group, mounted := own.v1[c]
		if c == "cpuacct" && len(h.places) == 0 || h.holds(c == "cpu", c == "memory") {
			continue
		}
		if !mounted {
			if c != "cpuacct" {
				reasons = append(reasons, "no controller "+c+" is mounted")
			}
			continue
		}
		folder, err := h.prepareV1(group)
		if err != nil {
			if c != "cpuacct" {
				reasons = append(reasons, "cgroup v1: "+err.Error())
			}
			continue
		}
		at, ok := byFolder[folder]
		if !ok {
			at = len(h.places)
			byFolder[folder] = at
			h.places = append(h.places, place{folder: folder, version: 1})
		}
		p := &h.places[at]
		p.cpu, p.memory, p.account = p.cpu || c == "cpu", p.memory || c == "memory", p.account || c == "cpuacct"
	}
	return reasons
}

// prepareV1 makes the folder of the gateway. Making it proves that the hierarchy is writable.
func (h *Holder) prepareV1(own string) (string, error) {
	folder, err := h.prepare(own)
	if err != nil && errors.Is(err, os.ErrNotExist) {
		return "", errors.New("the group " + own + " of this process does not show here")
	}
	return folder, err
}

// limitV1 sets the limits of a group. https://docs.kernel.org/scheduler/sched-bwc.html, …/admin-guide/cgroup-v1/memory.html
func limitV1(p place, size Size) error {
	if p.cpu && size.CPU > 0 {
		if err := write(p.folder, "cpu.cfs_period_us", strconv.Itoa(period)); err != nil {
			return err
		}
		if err := write(p.folder, "cpu.cfs_quota_us", strconv.Itoa(quota(size.CPU))); err != nil {
			return err
		}
	}
	if p.memory && size.Memory > 0 {
		return write(p.folder, "memory.limit_in_bytes", strconv.FormatInt(size.Memory, 10))
	}
	return nil
}

func usageV1(p place, u *Usage) {
	if p.cpu {
		stat := figures(p.folder, "cpu.stat")
		u.Periods, u.Throttled = stat["nr_periods"], stat["nr_throttled"]
		u.ThrottledTime = time.Duration(stat["throttled_time"])
	}
	if p.account {
		u.CPU = time.Duration(figure(p.folder, "cpuacct.usage"))
	}
	if p.memory {
		used := figure(p.folder, "memory.usage_in_bytes")
		u.Memory = max(0, used-figures(p.folder, "memory.stat")["total_inactive_file"])
		u.Peak = figure(p.folder, "memory.max_usage_in_bytes")
		u.OOMKills = figures(p.folder, "memory.oom_control")["oom_kill"]
	}
}

// noBoundV1 is from where on a memory limit is none: the kernel shows the largest multiple of a page.
const noBoundV1 = 1 << 60

// boundsV1 is what the groups of this process and all groups around them allow; 0: no bound.
func boundsV1(own hierarchies) (cpu float64, memory int64) {
	around(own.v1["cpu"], func(folder string) {
		q, per := figure(folder, "cpu.cfs_quota_us"), figure(folder, "cpu.cfs_period_us") // -1: no bound
		if q > 0 && per > 0 {
			cpu = tighter(cpu, float64(q)/float64(per))
		}
	})
	around(own.v1["memory"], func(folder string) {
		if n := figure(folder, "memory.limit_in_bytes"); n < noBoundV1 {
			memory = tighter(memory, n)
		}
	})
	return cpu, memory
}

// around visits a group and all groups around it.
func around(folder string, visit func(folder string)) {
	for ; folder != ""; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "cgroup.procs")); err != nil {
			return
		}
		visit(folder)
	}
}
