package document

import (
	"strconv"

	"causeway/internal/gateway"
)

// sizes reads the budgets of instances. What a size leaves out keeps its default.
func (r *localReader) sizes(v any, path string) {
	s := &r.local.Sizes
	r.mapping(v, path, settings{
		"small": r.budget(&s.Small), "medium": r.budget(&s.Medium), "large": r.budget(&s.Large), "v2": r.budget(&s.V2),
	})
}

func (r *localReader) budget(into *gateway.Size) func(any, string) {
	return func(v any, path string) {
		r.mapping(v, path, settings{"cpu": r.processors(&into.CPU), "memory": r.memory(&into.Memory)})
	}
}

// processors reads a number of processors, which may be a fraction.
func (r *localReader) processors(into *float64) func(any, string) {
	return func(v any, path string) {
		s, _ := toText(v)
		n, err := strconv.ParseFloat(s, 64)
		switch {
		case err != nil || n != n:
			r.wrong(path, v, "a number of processors such as 0.5 or 2")
		case n < gateway.LeastCPU || n > gateway.MostCPU:
			r.Error(path, "OutOfRange", "choose 0.1 to 256 processors", "%s is out of range", s)
		default:
			*into = n
		}
	}
}

func (r *localReader) memory(into *int64) func(any, string) {
	return func(v any, path string) {
		s, _ := toText(v)
		n, err := parseSize(s)
		switch {
		case err != nil:
			r.wrong(path, v, "a size such as 512MiB or 2GiB")
		case n < gateway.LeastMemory || n > gateway.MostMemory:
			r.Error(path, "OutOfRange", "choose 64MiB to 4TiB", "%s is out of range", s)
		default:
			*into = n
		}
	}
}

func (r *localReader) autoscale(v any, path string) {
	r.mapping(v, path, settings{"throughput": r.toggle(&r.local.Autoscale.Throughput)})
}
