package budget

import "runtime"

// Machine is what instances may use together: the processors that this process may run on and the memory of the machine, or what the
// groups around Causeway leave of them.
func (h *Holder) Machine() Machine {
	m := Machine{
		CPU:    float64(runtime.NumCPU()),
		Memory: figures(h.root+"/proc", "meminfo")["MemTotal:"] << 10,
	}
	own, err := readHierarchies(h.root)
	if err != nil {
		return m
	}
	cpu, memory := boundsV1(own)
	if own.v2 != "" {
		c, b := boundsV2(own.v2)
		cpu, memory = tighter(cpu, c), tighter(memory, b)
	}
	bounded := Machine{CPU: tighter(m.CPU, cpu), Memory: tighter(m.Memory, memory)}
	bounded.Group = bounded != m
	return bounded
}

// Fits compares instances of a size with what they may use together.
func (h *Holder) Fits(instances int, size Size) (problem string, ok bool) {
	return h.Machine().Fits(instances, size)
}

// tighter is the smaller of two bounds, of which 0 is none.
func tighter[N int64 | float64](a, b N) N {
	if a <= 0 || b > 0 && b < a {
		return b
	}
	return a
}
