package budget

import (
	"fmt"

	"causeway/internal/gateway"
)

// Machine is what instances may use together: of the machine, or of the group that Causeway itself is held in.
type Machine struct {
	CPU    float64 // processors; 0: unknown
	Memory int64   // bytes; 0: unknown
	Group  bool    // a group around Causeway bounds one of the two more tightly than the machine does
}

// Most is how many instances of a size fit; -1: unknown.
func (m Machine) Most(size Size) int {
	most := -1
	if m.CPU > 0 && size.CPU > 0 {
		most = int(m.CPU/size.CPU + 1e-9)
	}
	if m.Memory > 0 && size.Memory > 0 {
		if n := int(m.Memory / size.Memory); most < 0 || n < most {
			most = n
		}
	}
	return most
}

// Fits reports whether so many instances of a size can all have their budgets at once, and if not, by how much they exceed the machine.
func (m Machine) Fits(instances int, size Size) (problem string, ok bool) {
	most := m.Most(size)
	if most < 0 || instances <= most {
		return "", true
	}
	n := float64(instances)
	where := "this machine"
	if m.Group {
		where = "the group that holds Causeway"
	}
	return fmt.Sprintf("%d instances of %s may use %s and %s together, and %s has %s: room for %d",
		instances, size, gateway.CPUText(n*size.CPU), gateway.MemoryText(int64(n)*size.Memory),
		where, m, most), false
}

// String is what is known of it: 2 CPUs and 8 GiB.
func (m Machine) String() string {
	switch {
	case m.Memory == 0:
		return gateway.CPUText(m.CPU)
	case m.CPU == 0:
		return gateway.MemoryText(m.Memory)
	}
	return Size{CPU: m.CPU, Memory: m.Memory}.String()
}
