package budget

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Group is the control group of an instance, in one hierarchy or in several; without one it counts what the process uses.
type Group struct {
	name   string
	pid    int
	root   string
	places []place
	drop   func(folder string) error
}

// period is that of a CPU budget, in microseconds: the kernel's own default. A process that has used up its budget waits for the next.
const period = 100_000

func quota(cpu float64) int { return int(math.Round(cpu * period)) }

// Held is what of the instance's budget is held.
func (g *Group) Held() (cpu, memory bool) {
	for _, p := range g.places {
		cpu, memory = cpu || p.cpu, memory || p.memory
	}
	return cpu, memory
}

// Usage is what the processes of the group used since it was made, those that ended included. Without a group that counts it, processor
// time and memory are those of the instance's process. The error says that neither could be read.
func (g *Group) Usage() (Usage, error) {
	var u Usage
	for _, p := range g.places {
		if p.version == 2 {
			usageV2(p, &u)
		} else {
			usageV1(p, &u)
		}
	}
	if u.CPU == 0 || u.Memory == 0 {
		return g.ofProcess(u)
	}
	return u, nil
}

// ofProcess completes a usage with what the process itself counts: proc(5), stat and status.
func (g *Group) ofProcess(u Usage) (Usage, error) {
	folder := filepath.Join(g.root, "/proc", strconv.Itoa(g.pid))
	stat, err := os.ReadFile(filepath.Join(folder, "stat"))
	if err != nil {
		if len(g.places) > 0 {
			return u, nil
		}
		return u, fmt.Errorf("read what instance %s uses: %w", g.name, err)
	}
	_, after, _ := bytes.Cut(stat, []byte(") "))
	if f := strings.Fields(string(after)); u.CPU == 0 && len(f) > 12 {
		user, _ := strconv.ParseInt(f[11], 10, 64)
		system, _ := strconv.ParseInt(f[12], 10, 64)
		const tick = time.Second / 100 // USER_HZ, which no architecture of Go's has otherwise
		u.CPU = time.Duration(user+system) * tick
	}
	status := figures(folder, "status")
	if u.Memory == 0 {
		u.Memory, u.Peak = status["VmRSS:"]<<10, max(u.Peak, status["VmHWM:"]<<10)
	}
	return u, nil
}

// patience is how long Remove waits for the kernel to notice that the last process of a group has ended.
const patience = 500 * time.Millisecond

// Remove removes the group once its processes are gone; with processes in it, it is ErrBusy after half a second. A group that is gone is
// no error.
func (g *Group) Remove() error {
	var all error
	for _, p := range g.places {
		all = errors.Join(all, g.remove(p.folder))
	}
	return all
}

func (g *Group) remove(folder string) error {
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := g.drop(folder)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if time.Now().After(end) {
			if pids, _ := processes(folder); len(pids) > 0 {
				err = fmt.Errorf("%w: %v", ErrBusy, pids)
			}
			return fmt.Errorf("remove the group %s: %w", folder, err)
		}
	}
}

// undo moves the process out of the groups that it has joined, to where instances come from, and removes them.
func (g *Group) undo(pid int) error {
	var all error
	for _, p := range g.places {
		from := filepath.Dir(filepath.Dir(p.folder))
		if p.version == 2 && !isRootGroup(from) {
			from = filepath.Join(from, supervisorLeaf)
		}
		all = errors.Join(all, write(from, "cgroup.procs", strconv.Itoa(pid)), g.remove(p.folder))
	}
	return all
}

func limit(p place, size Size) error {
	if p.version == 2 {
		return limitV2(p, size)
	}
	return limitV1(p, size)
}

// processes lists the processes of a group.
func processes(folder string) ([]int, error) {
	data, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, word := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(word); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// write sets a file of a group. The kernel takes the value whole, in one write.
func write(folder, file, value string) error {
	f, err := os.OpenFile(filepath.Join(folder, file), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	if err != nil {
		err = fmt.Errorf("set %s to %s: %w", file, value, errors.Unwrap(err))
	}
	return errors.Join(err, f.Close())
}

// figure reads a file that holds one number; 0: there is none.
func figure(folder, file string) int64 {
	data, _ := os.ReadFile(filepath.Join(folder, file))
	n, _ := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
	return n
}

// figures reads a file of lines that are a name and a number.
func figures(folder, file string) map[string]int64 {
	data, _ := os.ReadFile(filepath.Join(folder, file))
	all := map[string]int64{}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) >= 2 {
			if n, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				all[f[0]] = n
			}
		}
	}
	return all
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
