package budget

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// hierarchies are the groups of this process: folders.
type hierarchies struct {
	v2 string            // empty: none is mounted
	v1 map[string]string // by controller
}

// mount is a control-group hierarchy that is mounted.
type mount struct {
	at      string   // mount point
	shows   string   // group that the mount point shows: in a container another than /
	options []string // of a v1 hierarchy: its controllers among others
	v2      bool
}

// readHierarchies finds the groups of this process: /proc/self/cgroup names them, /proc/self/mountinfo says where they are.
func readHierarchies(root string) (hierarchies, error) {
	mounts, err := os.ReadFile(filepath.Join(root, "/proc/self/mountinfo"))
	if err != nil {
		return hierarchies{}, err
	}
	groups, err := os.ReadFile(filepath.Join(root, "/proc/self/cgroup"))
	if err != nil {
		return hierarchies{}, err
	}
	h := hierarchies{v1: map[string]string{}}
	all := readMounts(mounts)
	for line := range strings.Lines(string(groups)) { // number:controllers:path
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		for _, controller := range strings.Split(parts[1], ",") {
			folder := all.folder(controller, parts[2])
			switch {
			case folder == "":
			case controller == "":
				h.v2 = filepath.Join(root, folder)
			default:
				h.v1[controller] = filepath.Join(root, folder)
			}
		}
	}
	return h, nil
}

type mounts []mount

// readMounts reads proc(5), mountinfo: id parent device root point options… - type source super-options.
func readMounts(data []byte) mounts {
	var all mounts
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if len(left) < 5 || len(right) < 3 || right[0] != "cgroup" && right[0] != "cgroup2" {
			continue
		}
		all = append(all, mount{
			at:      unescape(left[4]),
			shows:   unescape(left[3]),
			options: strings.Split(right[2], ","),
			v2:      right[0] == "cgroup2",
		})
	}
	return all
}

// unescape resolves the octal escapes of mountinfo.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// folder is where the group at path of a controller can be found; of cgroup v2, whose controller is empty. Empty: not mounted, or the
// mount does not show the group.
func (all mounts) folder(controller, path string) string {
	for _, m := range all {
		if m.v2 != (controller == "") || !m.v2 && !slices.Contains(m.options, controller) {
			continue
		}
		if m.shows == "/" {
			return filepath.Join(m.at, path)
		}
		if below, ok := strings.CutPrefix(path, m.shows); ok && (below == "" || below[0] == '/') {
			return filepath.Join(m.at, below)
		}
	}
	return ""
}
