package gateway

import (
	"fmt"
	"strconv"
	"strings"
)

// Size is the resource budget of an instance. Its zero value is no budget.
type Size struct {
	CPU    float64 `json:"cpu"`    // processors: 0.5 is half the time of one; 0.1-256
	Memory int64   `json:"memory"` // bytes, 64 MiB-4 TiB
}

// Bounds of a size in causeway.yaml. An instance with less cannot serve; more is more than any machine has.
const (
	LeastCPU    = 0.1
	MostCPU     = 256.0
	LeastMemory = 64 << 20
	MostMemory  = 4 << 40
)

func (s Size) String() string { return CPUText(s.CPU) + " and " + MemoryText(s.Memory) }

// Sizes are the budgets of the sizes that a SKU may have.
type Sizes struct {
	Small  Size // sizes.small: Standard_Small, WAF_Small
	Medium Size // sizes.medium: Standard_Medium, WAF_Medium
	Large  Size // sizes.large: Standard_Large, WAF_Large
	V2     Size // sizes.v2: Standard_v2, WAF_v2, Basic
}

// DefaultSizes are the sizes when causeway.yaml gives none. Azure publishes no processors or memory of its instances: the steps from
// Small to Large follow the steps of their published throughput.
func DefaultSizes() Sizes {
	return Sizes{
		Small:  Size{CPU: 0.5, Memory: 512 << 20},
		Medium: Size{CPU: 1, Memory: 1 << 30},
		Large:  Size{CPU: 2, Memory: 2 << 30},
		V2:     Size{CPU: 1, Memory: 1 << 30},
	}
}

// Of is the size of a SKU: its name in causeway.yaml, and its budget. The name of the SKU may have any case; one without a size, as
// every name of the second generation, is v2.
func (s Sizes) Of(sku SKU) (name string, size Size) {
	_, suffix, _ := strings.Cut(strings.ToLower(sku.Name), "_")
	switch suffix {
	case "small":
		return "small", s.Small
	case "medium":
		return "medium", s.Medium
	case "large":
		return "large", s.Large
	}
	return "v2", s.V2
}

// CPUText writes a number of processors: 1 CPU, 0.5 CPU, 2 CPUs.
func CPUText(cpu float64) string {
	if cpu <= 1 {
		return decimal(cpu, 2) + " CPU"
	}
	return decimal(cpu, 2) + " CPUs"
}

// MemoryText writes bytes in MiB, or in GiB from one on.
func MemoryText(bytes int64) string {
	if bytes >= 1<<30 {
		return decimal(float64(bytes)/(1<<30), 1) + " GiB"
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}

func decimal(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
