// Package family finds the processes of a program under measurement: a gateway's instances are children of its supervisor.
package family

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Of is a process and all below it.
func Of(pid int) []int {
	out := []int{pid}
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, l := range lists {
		b, _ := os.ReadFile(l)
		for _, f := range strings.Fields(string(b)) {
			if child, err := strconv.Atoi(f); err == nil {
				out = append(out, Of(child)...)
			}
		}
	}
	return out
}
