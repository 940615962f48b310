package budget

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// tree is a file system made by hand that stands for the kernel's.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T, cgroup, mountinfo string) *tree {
	tr := &tree{t, t.TempDir()}
	tr.put("proc/self/cgroup", cgroup)
	tr.put("proc/self/mountinfo", mountinfo)
	tr.put("proc/meminfo", "MemTotal: 16777216 kB\n")
	return tr
}

func (tr *tree) put(file, text string) {
	file = filepath.Join(tr.root, file)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) get(file string) string {
	data, err := os.ReadFile(filepath.Join(tr.root, file))
	if err != nil {
		return "none"
	}
	return strings.TrimSpace(string(data))
}

// open makes a Holder whose new groups have the files of the version, as the kernel gives them.
func (tr *tree) open(version int) *Holder {
	h := &Holder{
		name: "shop",
		root: tr.root,
		make: func(folder string) error {
			if err := os.Mkdir(folder, 0o755); err != nil {
				return err
			}
			group, _ := filepath.Rel(tr.root, folder)
			files := []string{"cpu.cfs_quota_us", "cpu.cfs_period_us", "memory.limit_in_bytes"}
			if version == 2 {
				files = []string{"cpu.max", "memory.max", "cgroup.type", "cgroup.subtree_control"}
				tr.put(group+"/cgroup.controllers", "cpu memory")
			}
			for _, f := range append(files, "cgroup.procs") {
				tr.put(group+"/"+f, "")
			}
			return nil
		},
		drop: os.RemoveAll,
	}
	if err := h.open(); err != nil {
		tr.t.Fatal(err)
	}
	return h
}

const mountV2 = "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

// unit is a tree of cgroup v2 in which this process is alone in the group of a systemd unit.
func unit(t *testing.T, controllers string) *tree {
	tr := newTree(t, "0::/system.slice/causeway.service\n", mountV2)
	tr.put("sys/fs/cgroup/cgroup.procs", "1")
	const own = "sys/fs/cgroup/system.slice/causeway.service/"
	tr.put(own+"cgroup.controllers", controllers)
	tr.put(own+"cgroup.subtree_control", "")
	tr.put(own+"cgroup.type", "domain")
	tr.put(own+"cgroup.procs", strconv.Itoa(os.Getpid())+"\n")
	return tr
}

const ownV2 = "sys/fs/cgroup/system.slice/causeway.service/"

func TestDelegatedSubtree(t *testing.T) {
	tr := unit(t, "cpu io memory pids")
	h := tr.open(2)
	if s := h.State(); !s.CPUHeld || !s.MemoryHeld || s.Why != "" || !strings.HasSuffix(s.How, "/system.slice/causeway.service") {
		t.Errorf("%+v", s)
	}
	if got := tr.get(ownV2 + "supervisor/cgroup.procs"); got != strconv.Itoa(os.Getpid()) {
		t.Errorf("the leaf holds %q", got)
	}
	g, err := h.Hold("instance-0", 4242, Size{CPU: 0.5, Memory: 512 << 20})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(file, want string) {
		t.Helper()
		if got := tr.get(ownV2 + file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	expect("shop/instance-0/cpu.max", "50000 100000")
	expect("shop/instance-0/memory.max", "536870912")
	expect("shop/instance-0/cgroup.procs", "4242")
	if cpu, memory := g.Held(); !cpu || !memory {
		t.Errorf("held: CPU %v, memory %v", cpu, memory)
	}
}

func TestUsageOfV2(t *testing.T) {
	tr := unit(t, "cpu memory")
	g, err := tr.open(2).Hold("instance-0", 4242, Size{CPU: 1, Memory: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	const at = ownV2 + "shop/instance-0/"
	tr.put(at+"cpu.stat", "usage_usec 1500000\nuser_usec 1\nnr_periods 20\nnr_throttled 8\nthrottled_usec 400000\n")
	tr.put(at+"memory.current", "300")
	tr.put(at+"memory.stat", "anon 200\ninactive_file 50\n")
	tr.put(at+"memory.peak", "400")
	tr.put(at+"memory.events", "low 0\noom 3\noom_kill 2\n")
	u, err := g.Usage()
	want := Usage{CPU: 1500e6, Periods: 20, Throttled: 8, ThrottledTime: 400e6, Memory: 250, Peak: 400, OOMKills: 2}
	if err != nil || u != want {
		t.Errorf("%+v %v, want %+v", u, err, want)
	}
}

// A supervisor that starts again finds itself in the leaf, where the unit or its predecessor has put it.
func TestLeafOfAnEarlierStart(t *testing.T) {
	tr := unit(t, "cpu memory")
	tr.open(2)
	tr.put("proc/self/cgroup", "0::/system.slice/causeway.service/supervisor\n")
	tr.put(ownV2+"cgroup.procs", "")
	h := tr.open(2)
	if s := h.State(); !s.CPUHeld || !strings.HasSuffix(s.How, "causeway.service") {
		t.Errorf("%+v", s)
	}
}

func TestNotDelegated(t *testing.T) {
	for _, x := range []struct {
		name    string
		prepare func(tr *tree)
		cpu     bool
		memory  bool
		why     string
	}{
		{
			"no controllers", func(tr *tree) { tr.put(ownV2+"cgroup.controllers", "pids") }, false, false,
			"no controller cpu or memory in ",
		},
		{
			"memory alone", func(tr *tree) { tr.put(ownV2+"cgroup.controllers", "memory pids") }, false, true,
			"no controller cpu in ",
		},
		{
			"other processes", func(tr *tree) { tr.put(ownV2+"cgroup.procs", strconv.Itoa(os.Getpid())+"\n77\n") }, false, false,
			"holds other processes too ([77]), and a group with children may hold none",
		},
		{
			"not writable", func(tr *tree) {
				file := filepath.Join(tr.root, ownV2, "cgroup.subtree_control")
				if err := os.Remove(file); err != nil { // root may write everything: a file that is missing refuses too
					tr.t.Fatal(err)
				}
			}, false, false, "no such file",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			tr := unit(t, "cpu memory")
			x.prepare(tr)
			h := tr.open(2)
			s := h.State()
			if s.CPUHeld != x.cpu || s.MemoryHeld != x.memory || !strings.Contains(s.Why, x.why) ||
				!strings.Contains(s.Why, "Delegate=cpu memory") {
				t.Errorf("%+v", s)
			}
			if _, err := h.Hold("instance-0", os.Getpid(), Size{CPU: 1, Memory: 1 << 30}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestV1WithOneController(t *testing.T) {
	tr := newTree(t, "4:cpu,cpuacct:/docker/ab\n3:memory:/docker/ab\n0::/\n",
		"32 31 0:29 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n")
	tr.put("sys/fs/cgroup/cpu,cpuacct/cgroup.procs", "1")
	tr.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000")
	tr.put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
	h := tr.open(1)
	if s := h.State(); !s.CPUHeld || s.MemoryHeld || !strings.Contains(s.Why, "no controller memory is mounted") {
		t.Errorf("%+v", s)
	}
	if _, err := h.Hold("instance-0", 4242, Size{CPU: 0.25, Memory: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	if got := tr.get("sys/fs/cgroup/cpu,cpuacct/shop/instance-0/cpu.cfs_quota_us"); got != "25000" {
		t.Errorf("quota %s", got)
	}
	if m := h.Machine(); m.CPU > 1.5 || !m.Group && m.CPU == 1.5 || m.Memory != 16<<30 {
		t.Errorf("%+v", m)
	}
}

func TestNoGroupsAtAll(t *testing.T) {
	h := newTree(t, "", "").open(2)
	if s := h.State(); s.CPUHeld || s.MemoryHeld || s.How != soft || !strings.Contains(s.Why, "no control groups") {
		t.Errorf("%+v", s)
	}
}

func TestBusyGroup(t *testing.T) {
	tr := unit(t, "cpu memory")
	h := tr.open(2)
	size := Size{CPU: 1, Memory: 1 << 30}
	if _, err := h.Hold("instance-0", 4242, size); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Hold("instance-0", 4243, size); err == nil || !strings.Contains(err.Error(), ErrBusy.Error()) {
		t.Errorf("a second process in a group: %v", err)
	}
	if _, err := h.Hold("../instance-0", 4243, size); err == nil {
		t.Error("a name may leave the folder")
	}
}
